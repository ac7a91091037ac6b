/** How long Lambda would be at it. A model: what is not measured here is an assumption, stated in one place. */

export const ASSUMED = {
  /** From the origin, for one file. 100 Mbit/s. */
  originBytesPerSecond: 12.5e6,
  /** All files of an invocation together. Not documented; 600 Mbit/s is what many have measured. */
  functionBytesPerSecond: 75e6,
  /** CopyObject, within a region. */
  copyBytesPerSecond: 150e6,
  /** To the first byte of an answer. */
  originMs: 100,
  dynamodbMs: 5,
  s3Ms: 30,
} as const;

/** AWS: "at 1,769 MB, a function has the equivalent of one vCPU". */
const MB_PER_VCPU = 1769;
const MB_PER_GB = 1024;

export interface Work {
  /** Of one invocation, side by side. */
  readonly files: number;
  readonly bytes: number;
  /** Measured, of one file. */
  readonly cpuMs: number;
  /** One after the other, for one file. */
  readonly originRequests: number;
  readonly dynamodbRequests: number;
  readonly s3Requests: number;
  readonly copiedBytes: number;
}

/** Latencies add up for each file, files go side by side; the transfer is as fast as the narrowest of three passages. */
export function invocationMs(
  work: Work,
  memoryMb: number,
  originBytesPerSecond: number = ASSUMED.originBytesPerSecond,
): number {
  const { files, bytes, cpuMs } = work;
  const latencyMs =
    work.originRequests * ASSUMED.originMs +
    work.dynamodbRequests * ASSUMED.dynamodbMs +
    work.s3Requests * ASSUMED.s3Ms;
  const copyMs = (1000 * work.copiedBytes) / ASSUMED.copyBytesPerSecond;
  const processorMs = (files * cpuMs * MB_PER_VCPU) / memoryMb;
  const functionMs = (1000 * files * bytes) / ASSUMED.functionBytesPerSecond;
  const originMs = (1000 * bytes) / originBytesPerSecond;
  return latencyMs + copyMs + Math.max(processorMs, functionMs, originMs);
}

export const gbSeconds = (ms: number, memoryMb: number): number => (ms / 1000) * (memoryMb / MB_PER_GB);
