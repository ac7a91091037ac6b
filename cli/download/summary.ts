import { formatBytes, formatDuration, plural } from "../../local/shared/words.ts";
import type { JobTracker } from "./job-tracker.ts";

export interface Summary {
  readonly jobs: number;
  /** Number of jobs by final state; "unfinished" counts those that have not ended. */
  readonly states: Readonly<Record<string, number>>;
  /** Jobs that an earlier run stored. */
  readonly doneBefore: number;
  /** Jobs that an earlier run failed. */
  readonly failedBefore: number;
  /** Total size of the files that were stored in this run. */
  readonly bytes: number;
  readonly retries: number;
  /** Bytes that did not have to be fetched again. */
  readonly resumedBytes: number;
  /** Jobs taken over from a crashed worker. */
  readonly takeovers: number;
  readonly elapsedMs: number;
}

const FINISHED_STATES = ["INDEXED", "DEDUPED", "PUBLISHED", "FAILED"];

export function summarize(tracker: JobTracker, takeovers: number, elapsedMs: number): Summary {
  const states: Record<string, number> = {};
  const summary = { doneBefore: 0, failedBefore: 0, bytes: 0, retries: 0, resumedBytes: 0 };
  for (const [, { outcome, earlier, record }] of tracker.entries()) {
    const state = FINISHED_STATES.find((finished) => finished === outcome.state) ?? "unfinished";
    states[state] = (states[state] ?? 0) + 1;
    if (earlier?.state === "FAILED") summary.failedBefore += 1;
    else if (earlier?.state === "INDEXED" || earlier?.state === "DEDUPED") summary.doneBefore += 1;
    else summary.bytes += outcome.bytes ?? 0;
    summary.retries += Math.max(0, (record?.attempts ?? 0) - (earlier?.attempts ?? 0) - 1);
    summary.resumedBytes += (record?.resumedBytes ?? 0) - (earlier?.resumedBytes ?? 0);
  }
  return { jobs: tracker.total, states, ...summary, takeovers, elapsedMs };
}

export function describeSummary(summary: Summary, outDir: string): readonly string[] {
  const { jobs, states, doneBefore, failedBefore, bytes, retries, resumedBytes, takeovers, elapsedMs } = summary;
  const counted = [...FINISHED_STATES, "unfinished"]
    .filter((state) => states[state])
    .map((state) => `${states[state]} ${state}`);
  const lines = [
    `${plural(jobs, "job")}: ${counted.join(", ")}`,
    `${formatBytes(bytes)} downloaded in ${formatDuration(elapsedMs)}, ${plural(retries, "retry", "retries")}, ` +
      `${formatBytes(resumedBytes)} resumed instead of fetched again, ` +
      `${plural(takeovers, "job")} taken over from a crashed worker`,
  ];
  if (doneBefore > 0) {
    const rest = doneBefore + failedBefore === jobs ? "nothing was fetched again" : "they were not fetched again";
    lines.push(`${doneBefore} of ${jobs} done in an earlier run; ${rest}`);
  }
  if (failedBefore > 0) {
    lines.push(
      `${failedBefore} of ${jobs} failed in an earlier run and stay FAILED: a job ends only once. ` +
        "To try them again, choose another directory with --out",
    );
  }
  lines.push(`Files are in ${outDir}/content; ${outDir}/results.jsonl has a line for each job`);
  return lines;
}

export const hasFailures = ({ states }: Summary): boolean => (states["FAILED"] ?? 0) > 0;
