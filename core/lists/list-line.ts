/** A line of a list as a job. */
import type { InputItem, InputProblem, Metadata } from "../ports/list-items.ts";
import { checkJob, type CheckedJob } from "../producer/check-job.ts";
import { InvalidJobError } from "../producer/errors.ts";
import type { Job } from "../producer/job.ts";
import { shown } from "./describe-problem.ts";

/** A line as a job, or what is wrong with it. */
export type Line =
  | {
      readonly job: Job;
      readonly checked: CheckedJob;
      /** The list's own, whether they go with the job or not. */
      readonly columns: Metadata | undefined;
    }
  | { readonly problems: readonly InputProblem[] };

/**
 * A job of a list is checked as any producer's job is.
 * @param withMetadata whether the list's own columns go with the job.
 */
export function lineOf(item: InputItem, withMetadata: boolean): Line {
  if ("reason" in item) return { problems: [item] };
  const { line, message, metadata } = item;
  const job: Job = metadata === undefined || !withMetadata ? message : { ...message, metadata };
  try {
    return { job, checked: checkJob(job), columns: metadata };
  } catch (error) {
    if (!(error instanceof InvalidJobError)) throw error;
    return {
      problems: error.problems.map(({ field, reason }) => ({ line, field, reason, text: shown(message.url) })),
    };
  }
}
