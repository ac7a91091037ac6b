import type { FailureClass, JobRecord } from "./record.ts";
import type { Item } from "./write.ts";

interface Details {
  readonly cause?: unknown;
  readonly record?: JobRecord;
}

/**
 * The class of an error says what to do about it. `reason` is short, stable and meant for machines. Each class sets its
 * `name` itself, because a minified bundle renames classes.
 */
export abstract class JobError extends Error {
  readonly reason: string;
  /** The job's record as it was last read; undefined if none is known. */
  readonly record: JobRecord | undefined;

  constructor(reason: string, details: Details = {}) {
    super(reason, { cause: details.cause });
    this.reason = reason;
    this.record = details.record;
  }
}

/** A failure that may pass: the job keeps its state, the attempt counts, and the message comes back later. */
export class RetryableError extends JobError {
  override readonly name: string = "RetryableError";
  readonly failureClass: FailureClass;
  /** The delay that the origin asked for with Retry-After. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, details: Details & { failureClass?: FailureClass; retryAfterMs?: number } = {}) {
    super(reason, details);
    this.failureClass = details.failureClass ?? "origin";
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** It is down; it has asked to be left alone; or all that its limits allow is in use. */
export type HostWait = "host_down" | "host_resting" | "host_full";

/** The host has no place for the job now, or is down. The job waits, and nothing is charged. */
export class HostWaitsError extends RetryableError {
  override readonly name: string = "HostWaitsError";
  declare readonly reason: HostWait;
  readonly host: string;

  constructor(reason: HostWait, host: string, delayMs: number) {
    super(reason, { retryAfterMs: Math.max(0, delayMs) });
    this.host = host;
  }
}

/** A failure that no retry can fix: the job fails at once. */
export class PermanentError extends JobError {
  override readonly name: string = "PermanentError";
  readonly failureClass: FailureClass;

  constructor(reason: string, failureClass: FailureClass, details: Details = {}) {
    super(reason, details);
    this.failureClass = failureClass;
  }
}

/** The invocation ends before the transfer does. The next invocation continues, and no attempt is charged. */
export class OutOfTimeError extends JobError {
  override readonly name: string = "OutOfTimeError";
  constructor(details: Details = {}) {
    super("out_of_time", details);
  }
}

/** The job is one for the long lane, which goes on with it. No attempt is charged. Thrown in the short lane alone. */
export class LongJobError extends JobError {
  override readonly name: string = "LongJobError";
  constructor(reason: "long_file" | "long_transfer" | "out_of_time", details: Details = {}) {
    super(reason, details);
  }
}

/** The run ends for a reason that is not the job's. The job is given back, and nothing is charged. */
export class RunEndsError extends JobError {
  override readonly name: string = "RunEndsError";
}

/** Another worker may hold the job now. Stop at once and write nothing more. */
export class LeaseLostError extends JobError {
  override readonly name: string = "LeaseLostError";
  constructor(details: Details = {}) {
    super("lease_lost", details);
  }
}

/** Another attempt aborted or completed the staged upload: stage the body again. */
export class UploadGoneError extends RetryableError {
  override readonly name: string = "UploadGoneError";
  constructor(details: Details = {}) {
    super("staged_upload_gone", { ...details, failureClass: "system" });
  }
}

/** The staged object is missing or is not what this job staged: stage the body again. */
export class StagedObjectGoneError extends RetryableError {
  override readonly name: string = "StagedObjectGoneError";
  constructor(details: Details = {}) {
    super("staged_object_gone", { ...details, failureClass: "system" });
  }
}

/** Not one of our own errors: a bug, or a service that failed. The job is retried, and the stack belongs in the log. */
export class UnexpectedError extends RetryableError {
  override readonly name: string = "UnexpectedError";

  constructor(cause: unknown) {
    const root = causesOf(cause).at(-1);
    super(`unexpected:${root instanceof Error ? root.name : typeof root}`, { cause, failureClass: "system" });
  }
}

/** An item of the table is not what its key says: another release wrote it, or it is damaged. Other items are fine. */
export class DamagedRecordError extends Error {
  override readonly name = "DamagedRecordError";
  readonly item: Item;

  constructor(item: Item, problem: string) {
    super(
      `The record ${JSON.stringify(item["pk"])} cannot be read: ${problem}. Look at the item; a newer release may read it.`,
    );
    this.item = item;
  }
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

/** An error, its cause, the cause of that cause, and so on. */
export function causesOf(error: unknown): readonly unknown[] {
  const links: unknown[] = [];
  for (let link = error; link !== undefined; link = causeOf(link)) links.push(link);
  return links;
}

/** The first of our own errors in the chain of causes. If there is none, the error is unexpected. */
export const asJobError = (error: unknown): JobError =>
  causesOf(error).find((link) => link instanceof JobError) ?? new UnexpectedError(error);
