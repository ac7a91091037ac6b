/** From what was counted to bills: one artifact's, one environment's month. What is assumed stands here and in duration.ts. */
import { sumOf, times, type Bill } from "./bill.ts";
import type { Counts } from "./artifacts.ts";
import { gbSeconds, invocationMs, type Work } from "./duration.ts";
import { GB, MONTH_S } from "./storage.ts";

/** Lambda's own lines of each invocation, START, END and REPORT, and what CloudWatch adds to each line it takes in. */
const PLATFORM_LINES = 3;
const PLATFORM_BYTES = 400;
const LINE_OVERHEAD_BYTES = 26;
/** To the origin, for each artifact: a TLS handshake and two requests. */
const REQUEST_BYTES_OUT = 4096;
/** CloudWatch stores logs compressed, AWS says to about 15 %. */
const LOG_COMPRESSION = 0.15;
const LOG_RETENTION_MONTHS = 3;

const ANNOUNCED_AT_ONCE = 100;
const ANNOUNCER_MEMORY_MB = 512;
const ANNOUNCER_REQUEST_MS = 30;

/** HEAD and the start of GET; six writes; what is staged, copied and deleted. Parts and checkpoints go beside the transfer. */
const GUARDED = { originRequests: 2, dynamodbRequests: 6, s3Requests: 3 };
const DUPLICATE = { originRequests: 0, dynamodbRequests: 1, s3Requests: 0 };
const PLAIN = { originRequests: 2, dynamodbRequests: 0, s3Requests: 3 };
const KINDS = { guarded: GUARDED, duplicate: DUPLICATE, plain: PLAIN } as const;
export type Kind = keyof typeof KINDS;

export const workOf = (kind: Kind, counts: Counts, bytes: number): Work => {
  const moved = kind === "duplicate" ? 0 : bytes;
  return { ...KINDS[kind], files: 1 / counts.invocations, bytes: moved, copiedBytes: moved, cpuMs: counts.cpuMs };
};

export function logBill(bytes: number, lines: number, invocations: number): Bill {
  const taken =
    bytes + lines * LINE_OVERHEAD_BYTES + invocations * (PLATFORM_BYTES + PLATFORM_LINES * LINE_OVERHEAD_BYTES);
  const gb = taken / GB;
  return { logGb: gb, logGbMonths: gb * LOG_COMPRESSION * LOG_RETENTION_MONTHS };
}

/**
 * One event an artifact, and its share of the announcer: full batches of 100 in 512 MB, ten requests of 30 ms one after the
 * other. The laptop's run announces nothing, so this is not counted; that it is one is held by test/infra/streams.test.ts.
 */
const announcementBill = (): Bill => ({
  events: 1,
  lambdaRequests: 1 / ANNOUNCED_AT_ONCE,
  lambdaGbSeconds: gbSeconds(10 * ANNOUNCER_REQUEST_MS, ANNOUNCER_MEMORY_MB) / ANNOUNCED_AT_ONCE,
});

/** What it takes to download one artifact, all that is paid for once. */
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
  const { writeUnits, readUnits, s3Puts, s3Gets, sqsRequests, invocations } = counts;
  return sumOf(
    { writeUnits, readUnits, s3Puts, s3Gets, sqsRequests },
    { lambdaRequests: invocations, lambdaGbSeconds: gbSeconds(ms, memoryMb) * invocations },
    logBill(counts.logBytes, counts.logLines, invocations),
    kind === "guarded" ? announcementBill() : {},
    { s3GbMonths: stagedGbMonths, transferOutGb: work.originRequests > 0 ? REQUEST_BYTES_OUT / GB : 0 },
  );
}

/** What it takes to keep one artifact for a month, its record, its index entry and, where it is on, recovery of both. */
export const keepingBill = (counts: Counts, bytes: number): Bill => ({
  s3GbMonths: bytes / GB,
  tableGbMonths: counts.itemBytes / GB,
  recoveryGbMonths: counts.itemBytes / GB,
});

/** An event source mapping keeps five long polls of 20 s open, AWS says, when there is nothing to receive. */
export const IDLE_POLLERS = 5;
export const LONG_POLL_S = 20;
export const idlePollingBill = (): Bill => ({ sqsRequests: (IDLE_POLLERS * MONTH_S) / LONG_POLL_S });

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
