import { describeReason, formatBytes, formatDuration, plural } from "../shared/words.ts";
import type { RunFigures } from "../view/view.ts";
import type { Tally } from "./tally.ts";

/** Kinds of failures that are named one by one. */
const MOST_REASONS = 5;
const ON_AFTER_TROUBLE = "Nothing is lost, and no URL is charged. Mend it, then run the same command again.";

interface Run {
  readonly elapsedMs: number;
  /** Lines of the list that were skipped. */
  readonly invalid: number;
  readonly outDir: string;
  /** Why this machine stopped it. */
  readonly stopped: string | undefined;
  /** Why the report or the results file was not written. */
  readonly unwritten: string | undefined;
  /** Jobs of earlier lists that have not ended, if they were not told of before. */
  readonly left: number;
}

/** The last lines of a run. */
export function describeSummary(tally: Tally, run: Run): readonly string[] {
  const { left, outDir, stopped, unwritten } = run;
  return [
    ...(tally.jobs > 0 ? whatWasDone(tally, run) : []),
    ...leftAlone(left, outDir),
    ...(unwritten === undefined ? [] : [`Not written: ${unwritten}`]),
    ...(stopped === undefined ? [] : [`Stopped: ${stopped}`, ON_AFTER_TROUBLE]),
  ];
}

function whatWasDone(tally: Tally, { elapsedMs, invalid, outDir }: Run): readonly string[] {
  const { bytes, earlier, endedNow, failedNow, jobs, reasons, resumedBytes, retries, takeovers } = tally;
  const lines: string[] = [];
  if (endedNow > 0 || earlier.done + earlier.failed === 0) {
    const rate = elapsedMs > 0 ? ` (${formatBytes(Math.round((bytes / elapsedMs) * 1000))}/s)` : "";
    lines.push(
      `${plural(endedNow - failedNow, "file")}, ${formatBytes(bytes)}, in ${formatDuration(elapsedMs)}${rate}` +
        (failedNow > 0 ? `; ${failedNow} FAILED` : ""),
    );
  }
  if (retries + resumedBytes + takeovers > 0)
    lines.push(
      `${plural(retries, "retry", "retries")}, ${formatBytes(resumedBytes)} resumed instead of fetched again, ` +
        `${plural(takeovers, "job")} taken over from a dead worker`,
    );
  const byCount = [...reasons].sort(([, a], [, b]) => b - a);
  for (const [reason, count] of byCount.slice(0, MOST_REASONS))
    lines.push(`  ${count} FAILED: ${describeReason(reason)}`);
  if (byCount.length > MOST_REASONS) lines.push(`  and ${plural(byCount.length - MOST_REASONS, "other reason")}`);
  if (invalid > 0)
    lines.push(
      invalid === 1
        ? "1 line was skipped, because it is not valid"
        : `${invalid} lines were skipped, because they are not valid`,
    );
  if (earlier.done > 0)
    lines.push(`${earlier.done} of ${jobs} ${earlier.done === 1 ? "was" : "were"} there from an earlier run`);
  if (earlier.damaged > 0)
    lines.push(`${plural(earlier.damaged, "file")} of an earlier run had been lost or damaged: fetched again`);
  if (earlier.failed > 0)
    lines.push(`${earlier.failed} of ${jobs} failed in an earlier run. To try them again, add --retry-failed`);
  const open = jobs - tally.done;
  if (open > 0)
    lines.push(`${open} of ${jobs} ${open === 1 ? "is" : "are"} not done. Run the same command again to go on`);
  lines.push(`Files are in ${outDir}/files, a line for each is in ${outDir}/results.jsonl`);
  return lines;
}

/** Says that jobs of earlier lists are left, if there are any. */
export function leftAlone(jobs: number, outDir: string): readonly string[] {
  if (jobs === 0) return [];
  return [
    `${plural(jobs, "URL")} of an earlier list in ${outDir} ${jobs === 1 ? "is" : "are"} not done, and left alone. ` +
      `To go on with them: fetchonce get --out ${outDir}`,
  ];
}

/** The same for programs. */
export const figuresOf = (tally: Tally, { elapsedMs, invalid, stopped }: Run): RunFigures => ({
  jobs: tally.jobs,
  stored: tally.endedNow - tally.failedNow,
  failed: tally.failedNow,
  open: tally.jobs - tally.done,
  stored_before: tally.earlier.done,
  failed_before: tally.earlier.failed,
  damaged_before: tally.earlier.damaged,
  invalid_lines: invalid,
  bytes: tally.bytes,
  resumed_bytes: tally.resumedBytes,
  retries: tally.retries,
  takeovers: tally.takeovers,
  elapsed_ms: Math.round(elapsedMs),
  failures: Object.fromEntries(tally.reasons),
  stopped: stopped ?? null,
});
