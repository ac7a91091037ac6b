import { UnexpectedError, type JobError } from "../model/errors.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** The job's reason names only the class of a bug. The log says what was thrown and where, so that it can be fixed. */
export function logUnexpected(telemetry: Telemetry, jobId: string, error: JobError): void {
  if (!(error instanceof UnexpectedError)) return;
  const fields = { job_id: jobId, reason: error.reason };
  telemetry.log("error", "A step of a job failed unexpectedly. The job is retried.", fields, error.cause);
}
