import { stagingKey } from "../model/keys.ts";
import type { Staging } from "../ports/staging.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Checkpoint } from "../model/record.ts";

export interface StagedTraces {
  readonly jobId: string;
  /** An upload that was started but not completed. */
  readonly unfinished: Checkpoint | undefined;
  /** Attempts that may have left an object. */
  readonly stagedBy: readonly (string | undefined)[];
}

/**
 * Removes what a job staged. Call it only after a fenced write has recorded that nobody needs it any more. An error
 * does not fail the job: the reconciler's sweep removes what is left.
 */
export async function cleanStaging(
  deps: { readonly staging: Staging; readonly telemetry: Telemetry },
  { jobId, unfinished, stagedBy }: StagedTraces,
): Promise<void> {
  const { staging, telemetry } = deps;
  const keys = [...new Set(stagedBy)].filter((name) => name !== undefined).map((name) => stagingKey(jobId, name));
  try {
    if (unfinished) {
      await staging.abortUpload({ key: stagingKey(jobId, unfinished.stagedBy), uploadId: unfinished.uploadId });
    }
    for (const key of keys) await staging.delete(key);
  } catch (error) {
    telemetry.log("warn", "Staging was not cleaned up. The reconciler will do it.", { job_id: jobId }, error);
  }
}
