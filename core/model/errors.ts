import type { FailureClass, JobRecord } from "./record.ts";

interface Details {
  readonly cause?: unknown;
  readonly record?: JobRecord;
}

/** Every error the pipeline throws says what to do about it: its class. `reason` is short, stable and for machines. */
export abstract class JobError extends Error {
  readonly reason: string;
  /** The job as it was last known, where one was. */
  readonly record: JobRecord | undefined;

  constructor(reason: string, details: Details = {}) {
    super(reason, { cause: details.cause });
    this.name = new.target.name;
    this.reason = reason;
    this.record = details.record;
  }
}

/** Trouble that may pass: keep the state, count the attempt, come back later. */
export class RetryableError extends JobError {
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
  readonly failureClass: FailureClass;

  constructor(reason: string, failureClass: FailureClass, details: Details = {}) {
    super(reason, details);
    this.failureClass = failureClass;
  }
}

/** Nobody's fault: the invocation ends before the file does. Go on in the next one; no attempt is charged. */
export class OutOfTimeError extends JobError {
  constructor(details: Details = {}) {
    super("out_of_time", details);
  }
}

/** Somebody else holds the job now. Stop at once and touch nothing more. */
export class LeaseLostError extends JobError {
  constructor(details: Details = {}) {
    super("lease_lost", details);
  }
}

/** The staged upload was aborted or completed by another attempt: stage the body anew. */
export class UploadGoneError extends RetryableError {
  constructor(details: Details = {}) {
    super("staged_upload_gone", { ...details, failureClass: "system" });
  }
}

/** The staged object is not what this job staged: stage the body anew. */
export class StagedObjectGoneError extends RetryableError {
  constructor(details: Details = {}) {
    super("staged_object_gone", { ...details, failureClass: "system" });
  }
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

/** The first of our own errors along the chain of causes; what is none of ours is a fault of our system, named by its root. */
export function asJobError(error: unknown): JobError {
  let root = error;
  for (let link: unknown = error; link !== undefined; link = causeOf(link)) {
    if (link instanceof JobError) return link;
    root = link;
  }
  const name = root instanceof Error ? root.name : typeof root;
  return new RetryableError(`unexpected:${name}`, { cause: error, failureClass: "system" });
}
