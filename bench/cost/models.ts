/** Turns counts into bills, of one artifact and of an environment's month. Assumptions are here and in duration.ts. */
import { sumOf, times, type Bill } from "./bill.ts";
import type { Counts } from "./artifacts.ts";
import { gbSeconds, invocationMs, type Work } from "./duration.ts";
import { GB, MONTH_S } from "./storage.ts";

/** Lambda's own lines of each invocation (START, END and REPORT), and the bytes that CloudWatch adds to each line. */
const PLATFORM_LINES = 3;
const PLATFORM_BYTES = 400;
const LINE_OVERHEAD_BYTES = 26;
/** Bytes sent to the origin for each artifact: a TLS handshake and two requests. */
export const REQUEST_BYTES_OUT = 4096;
/** CloudWatch stores logs compressed. AWS says that about 15 % of the size is left. */
const LOG_COMPRESSION = 0.15;
const LOG_RETENTION_MONTHS = 3;

const ANNOUNCED_AT_ONCE = 100;
export const ANNOUNCER_MEMORY_MB = 512;
export const ANNOUNCER_REQUEST_MS = 30;

export type Kind = "guarded" | "duplicate" | "plain";

/**
 * Requests that add latency: HEAD and the start of GET; three writes and one put of a body that goes straight to its
 * content address; five writes of a larger one, and staging, copying and deleting. Parts and checkpoints run in
 * parallel with the transfer.
 */
export const workOf = (kind: Kind, counts: Counts, bytes: number): Work => {
  const { cpuMs, invocations } = counts;
  const files = 1 / invocations;
  if (kind === "duplicate")
    return { originRequests: 0, dynamodbRequests: 1, s3Requests: 0, files, bytes: 0, copiedBytes: 0, cpuMs };
  const isStaged = (counts.s3Puts ?? 0) > 1;
  const writes = isStaged ? 5 : 3;
  return {
    originRequests: 2,
    dynamodbRequests: kind === "plain" ? 0 : writes,
    s3Requests: isStaged ? 3 : 1,
    files,
    bytes,
    copiedBytes: isStaged ? bytes : 0,
    cpuMs,
  };
};

export function logBill(bytes: number, lines: number, invocations: number): Bill {
  const taken =
    bytes + lines * LINE_OVERHEAD_BYTES + invocations * (PLATFORM_BYTES + PLATFORM_LINES * LINE_OVERHEAD_BYTES);
  const gb = taken / GB;
  return { logGb: gb, logGbMonths: gb * LOG_COMPRESSION * LOG_RETENTION_MONTHS };
}

/**
 * One event for each artifact, and its share of the announcer: full batches of 100 in 512 MB, with ten requests of
 * 30 ms one after the other. A run on a laptop announces nothing, so this is not counted. test/infra/streams.test.ts
 * checks that there is one event.
 */
export const announcementBill = (): Bill => ({
  events: 1,
  lambdaRequests: 1 / ANNOUNCED_AT_ONCE,
  lambdaGbSeconds: gbSeconds(10 * ANNOUNCER_REQUEST_MS, ANNOUNCER_MEMORY_MB) / ANNOUNCED_AT_ONCE,
});

/** Everything that is paid once for one artifact: its download. */
export function artifactBill(
  kind: Kind,
  counts: Counts,
  bytes: number,
  memoryMb: number,
  originBytesPerSecond?: number,
): Bill {
  const work = workOf(kind, counts, bytes);
  const ms = invocationMs(work, memoryMb, originBytesPerSecond);
  const stagedGbMonths = ((work.copiedBytes / GB) * (ms / 1000)) / MONTH_S;
  return sumOf(usageBill(counts, ms, memoryMb), kind === "guarded" ? announcementBill() : {}, {
    s3GbMonths: stagedGbMonths,
    transferOutGb: work.originRequests > 0 ? REQUEST_BYTES_OUT / GB : 0,
  });
}

/** What is counted, and the time of its invocations. */
export function usageBill(counts: Counts, ms: number, memoryMb: number): Bill {
  const { writeUnits, readUnits, s3Puts, s3Gets, sqsRequests, invocations } = counts;
  return sumOf(
    { writeUnits, readUnits, s3Puts, s3Gets, sqsRequests },
    { lambdaRequests: invocations, lambdaGbSeconds: gbSeconds(ms, memoryMb) * invocations },
    logBill(counts.logBytes, counts.logLines, invocations),
  );
}

/** Keeping one artifact for a month: content, record, index entry, and point-in-time recovery of the table. */
export const keepingBill = (counts: Counts, bytes: number): Bill => ({
  s3GbMonths: bytes / GB,
  tableGbMonths: counts.itemBytes / GB,
  recoveryGbMonths: counts.itemBytes / GB,
});

/** AWS says that an idle event source mapping keeps five long polls of 20 s open. */
export const IDLE_POLLERS = 5;
export const LONG_POLL_S = 20;
export const idlePollingBill = (queues: number): Bill => ({
  sqsRequests: (queues * IDLE_POLLERS * MONTH_S) / LONG_POLL_S,
});

export interface IdleRun {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly s3Puts: number;
  readonly requests: number;
  readonly cpuMs: number;
  readonly logBytes: number;
  readonly logLines: number;
}

export function reconcilerBill(run: IdleRun, memoryMb: number, everyMinutes: number): Bill {
  const nothing = { files: 1, bytes: 0, copiedBytes: 0, originRequests: 0 };
  const work = { ...nothing, cpuMs: run.cpuMs, s3Requests: run.s3Puts, dynamodbRequests: run.requests - run.s3Puts };
  const oneRun = sumOf(
    { readUnits: run.readUnits, writeUnits: run.writeUnits, s3Puts: run.s3Puts, lambdaRequests: 1 },
    { lambdaGbSeconds: gbSeconds(invocationMs(work, memoryMb), memoryMb) },
    logBill(run.logBytes, run.logLines, 1),
  );
  return times(oneRun, MONTH_S / 60 / everyMinutes);
}
