import { describeReason, formatBytes, formatDuration, plural } from "../../local/shared/words.ts";
import type { Tally } from "./tally.ts";

/** Kinds of failures that are named one by one. */
const MOST_REASONS = 5;

/** The last lines of a run. */
export function describeSummary(tally: Tally, elapsedMs: number, outDir: string): readonly string[] {
  const { bytes, earlier, endedNow, failedNow, jobs, reasons, resumedBytes, retries, takeovers } = tally;
  const stored = endedNow - failedNow;
  const lines: string[] = [];
  if (endedNow > 0 || earlier.done + earlier.failed === 0) {
    const rate = elapsedMs > 0 ? ` (${formatBytes(Math.round((bytes / elapsedMs) * 1000))}/s)` : "";
    lines.push(
      `${plural(stored, "file")}, ${formatBytes(bytes)}, in ${formatDuration(elapsedMs)}${rate}` +
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
  if (earlier.done > 0) lines.push(`${earlier.done} of ${jobs} were there from an earlier run`);
  if (earlier.damaged > 0)
    lines.push(`${plural(earlier.damaged, "file")} of an earlier run had been lost or damaged, and was fetched again`);
  if (earlier.failed > 0)
    lines.push(`${earlier.failed} of ${jobs} failed in an earlier run. To try them again, add --retry-failed`);
  const open = jobs - tally.done;
  if (open > 0) lines.push(`${open} of ${jobs} are not done. Run the same command again to go on`);
  lines.push(`Files are in ${outDir}/files, a line for each is in ${outDir}/results.jsonl`);
  return lines;
}
