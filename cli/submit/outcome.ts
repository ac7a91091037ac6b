/** What is told at the end. */
import type { RefusedJob } from "../../core/producer/job.ts";
import { formatDuration, plural } from "../shared/words.ts";
import type { Progress } from "./progress-file.ts";

export interface Outcome {
  readonly progress: Progress;
  /** Jobs that were sent now. */
  readonly count: number;
  readonly refused: RefusedJob | undefined;
  readonly elapsedMs: number;
}

/** What names that which was sent: its batch, or else the list by its bytes. */
export const nameOf = ({ batch, list }: Pick<Progress, "batch" | "list">): string =>
  batch === undefined ? `Id: ${list}` : `Batch: ${batch}`;

/** The last lines. The very last one names the batch, or the list's id. */
export function describeOutcome({ count, elapsedMs, progress, refused }: Outcome): readonly string[] {
  const { invalid_lines, jobs, name, sent } = progress;
  const now = `${plural(count, "job")} sent in ${formatDuration(elapsedMs)} (${rateOf(count, elapsedMs)} jobs/s)`;
  const skipped =
    invalid_lines === 0
      ? []
      : [`${plural(invalid_lines, "line")} skipped, because ${invalid_lines === 1 ? "it is" : "they are"} not valid`];
  if (sent >= jobs)
    return [`${now}. All ${plural(jobs, "job")} of ${name} are in the queue`, ...skipped, nameOf(progress)];
  const left = `${now}. ${sent} of ${plural(jobs, "job")} of ${name} are surely in the queue`;
  if (refused !== undefined)
    return [
      `The queue did not take ${refused.job.url}: ${refused.code}: ${refused.message}`,
      left,
      "Nothing is lost. Remove the cause, then run the same command again to go on.",
      nameOf(progress),
    ];
  return [left, "Stopped. Run the same command again to go on.", nameOf(progress)];
}

const rateOf = (count: number, ms: number): number => (ms > 0 ? Math.round((count / ms) * 1000) : 0);

/** The same for programs. `hosts` is null where an earlier run has counted them. */
export const documentOf = ({ count, elapsedMs, progress, refused }: Outcome, hosts: number | undefined) => ({
  id: progress.list,
  batch: progress.batch ?? null,
  list: progress.name,
  queue_url: progress.queue_url,
  jobs: progress.jobs,
  hosts: hosts ?? null,
  invalid_lines: progress.invalid_lines,
  sent: progress.sent,
  sent_now: count,
  done: progress.sent >= progress.jobs,
  elapsed_ms: Math.round(elapsedMs),
  refused: refused === undefined ? null : { code: refused.code, message: refused.message, job_id: refused.job_id },
});
