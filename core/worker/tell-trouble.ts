import { RetryableError, UnexpectedError, type JobError } from "../model/errors.ts";
import type { Telemetry } from "../ports/telemetry.ts";

interface Attempted {
  readonly jobId: string;
  /** 1: the first. */
  readonly attempt: number;
}

/**
 * Tells of an attempt that a service of ours prevented, not the origin. The job's reason names only the class of a bug.
 * The log says what was thrown and where, so that it can be fixed.
 */
export function tellTrouble(telemetry: Telemetry, { jobId, attempt }: Attempted, error: JobError): void {
  const { reason } = error;
  if (error instanceof RetryableError && error.failureClass === "system")
    telemetry.emit({ event: "delivery_failed", component: "worker", error_class: reason, attempt, job_id: jobId });
  if (!(error instanceof UnexpectedError)) return;
  const fields = { job_id: jobId, reason };
  telemetry.log("error", "A step of a job failed unexpectedly. The job is retried.", fields, error.cause);
}
