import type { FailureClass, JobRecord } from "./record.ts";
import type { Item } from "./write.ts";

interface Details {
  readonly cause?: unknown;
  readonly record?: JobRecord;
}

/**
 * Every error the pipeline throws says by its class what to do about it. `reason` is short, stable and for machines. Names
 * are written out: a minified bundle renames classes.
 */
export abstract class JobError extends Error {
  readonly reason: string;
  /** The job as it was last known, where one was. */
  readonly record: JobRecord | undefined;

  constructor(reason: string, details: Details = {}) {
    super(reason, { cause: details.cause });
    this.reason = reason;
    this.record = details.record;
  }
}

/** Trouble that may pass: keep the state, count the attempt, come back later. */
export class RetryableError extends JobError {
  override readonly name: string = "RetryableError";
  readonly failureClass: FailureClass;
  /** The origin's own wish, from Retry-After. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, details: Details & { failureClass?: FailureClass; retryAfterMs?: number } = {}) {
    super(reason, details);
    this.failureClass = details.failureClass ?? "origin";
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Trouble that no retry can help: the job fails at once. */
export class PermanentError extends JobError {
  override readonly name: string = "PermanentError";
  readonly failureClass: FailureClass;

  constructor(reason: string, failureClass: FailureClass, details: Details = {}) {
    super(reason, details);
    this.failureClass = failureClass;
  }
}

/** Nobody's fault: the invocation ends before the file does. Go on in the next one; no attempt is charged. */
export class OutOfTimeError extends JobError {
  override readonly name: string = "OutOfTimeError";
  constructor(details: Details = {}) {
    super("out_of_time", details);
  }
}

/** Somebody else holds the job now. Stop at once and touch nothing more. */
export class LeaseLostError extends JobError {
  override readonly name: string = "LeaseLostError";
  constructor(details: Details = {}) {
    super("lease_lost", details);
  }
}

/** The staged upload was aborted or completed by another attempt: stage the body anew. */
export class UploadGoneError extends RetryableError {
  override readonly name: string = "UploadGoneError";
  constructor(details: Details = {}) {
    super("staged_upload_gone", { ...details, failureClass: "system" });
  }
}

/** The staged object is not what this job staged: stage the body anew. */
export class StagedObjectGoneError extends RetryableError {
  override readonly name: string = "StagedObjectGoneError";
  constructor(details: Details = {}) {
    super("staged_object_gone", { ...details, failureClass: "system" });
  }
}

/** None of our own errors: a bug, or a service that failed. The attempt is retried, and its stack belongs in the log. */
export class UnexpectedError extends RetryableError {
  override readonly name: string = "UnexpectedError";

  constructor(cause: unknown) {
    const root = causesOf(cause).at(-1);
    super(`unexpected:${root instanceof Error ? root.name : typeof root}`, { cause, failureClass: "system" });
  }
}

/** An item of the table is not what its key says: another release wrote it, or it was damaged. Others are not concerned. */
export class DamagedRecordError extends Error {
  override readonly name = "DamagedRecordError";
  readonly item: Item;

  constructor(item: Item, problem: string) {
    super(
      `The record ${String(item["pk"])} cannot be read: ${problem}. Look at the item; a newer release may read it.`,
    );
    this.item = item;
  }
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

/** An error, its cause, the cause of that, and so on. */
export function causesOf(error: unknown): readonly unknown[] {
  const links: unknown[] = [];
  for (let link = error; link !== undefined; link = causeOf(link)) links.push(link);
  return links;
}

/** The first of our own errors along the chain of causes. An error that is none of ours is unexpected. */
export const asJobError = (error: unknown): JobError =>
  causesOf(error).find((link) => link instanceof JobError) ?? new UnexpectedError(error);
