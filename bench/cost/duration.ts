/** A model of how long an invocation takes in Lambda. All its assumptions are in `ASSUMED`. */

export const ASSUMED = {
  /** From the origin, for one file: 100 Mbit/s. */
  originBytesPerSecond: 12.5e6,
  /** For all files of an invocation together. It is not documented; many have measured 600 Mbit/s. */
  functionBytesPerSecond: 75e6,
  /** CopyObject, within a region. */
  copyBytesPerSecond: 150e6,
  /** Milliseconds to the first byte of an answer. */
  originMs: 100,
  dynamodbMs: 5,
  s3Ms: 30,
  sqsMs: 10,
} as const;

/** AWS: "at 1,769 MB, a function has the equivalent of one vCPU". */
const MB_PER_VCPU = 1769;
const MB_PER_GB = 1024;

export interface Work {
  /** Files of one invocation, which are downloaded in parallel. */
  readonly files: number;
  readonly bytes: number;
  /** CPU time of one file, measured. */
  readonly cpuMs: number;
  /** Requests for one file, sent one after the other. */
  readonly originRequests: number;
  readonly dynamodbRequests: number;
  readonly s3Requests: number;
  readonly copiedBytes: number;
}

/**
 * Latencies of one file add up, and files run in parallel. The slowest of CPU, function network and origin decides how
 * long the transfer takes.
 */
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
