import { UnexpectedError, type JobError } from "../model/errors.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** The job's reason names no more than a bug's class. The log tells whoever mends it what was thrown, and where. */
export function logUnexpected(telemetry: Telemetry, jobId: string, error: JobError): void {
  if (!(error instanceof UnexpectedError)) return;
  const fields = { job_id: jobId, reason: error.reason };
  telemetry.log("error", "a step of a job failed unexpectedly; the job is tried again", fields, error.cause);
}
