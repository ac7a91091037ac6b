import type { JobResult } from "../../local/run/results-file.ts";
import { describeReason, fileLabel, formatBytes, formatDuration, plural } from "../../local/shared/words.ts";
import { isStored } from "../../local/run/outcome.ts";
import type { Snapshot } from "./view.ts";

const RATE_WINDOW_MS = 5_000;
/** Reasons for waiting that are named. */
const MOST_REASONS = 2;

/** How a job ended, in one line. */
export function endLine({ state, url, bytes, path, reason }: JobResult): string {
  if (!isStored({ state })) return `${state} ${url}: ${describeReason(reason ?? "no reason known")}`;
  return `${state} ${path ?? fileLabel(url)}${bytes === null ? "" : `, ${formatBytes(bytes)}`}`;
}

/** Change per second over the last 5 s. */
function rateMeter(): (atMs: number, amount: number) => number {
  const samples: { atMs: number; amount: number }[] = [];
  return (atMs, amount) => {
    samples.push({ atMs, amount });
    while (samples.length > 2 && (samples[1]?.atMs ?? atMs) <= atMs - RATE_WINDOW_MS) samples.shift();
    const oldest = samples[0] ?? { atMs, amount };
    return atMs > oldest.atMs ? ((amount - oldest.amount) / (atMs - oldest.atMs)) * 1000 : 0;
  };
}

/** `12 of 40 done, 1 failed, 1.2 MiB, 300.0 KiB/s, 8 files/s, 3.5 s left; 2 wait: the origin answered 503` */
export function statusLine(): (snapshot: Snapshot) => string {
  const byteRate = rateMeter();
  const jobRate = rateMeter();
  return ({ atMs, total, isGrowing, done, failed, bytes, waiting }) => {
    const jobsPerSecond = jobRate(atMs, done);
    const parts = [
      `${done} of ${total}${isGrowing ? "+" : ""} done`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      formatBytes(bytes),
      `${formatBytes(Math.round(byteRate(atMs, bytes)))}/s`,
      `${jobsPerSecond.toFixed(jobsPerSecond < 10 ? 1 : 0)} files/s`,
    ];
    if (!isGrowing && jobsPerSecond > 0 && done < total)
      parts.push(`${formatDuration(((total - done) / jobsPerSecond) * 1000)} left`);
    return parts.join(", ") + waitingText(waiting);
  };
}

function waitingText(waiting: ReadonlyMap<string, number>): string {
  const all = [...waiting.values()].reduce((sum, count) => sum + count, 0);
  if (all === 0) return "";
  const reasons = [...waiting.keys()].filter((reason) => reason !== "").slice(0, MOST_REASONS);
  return `; ${plural(all, "job waits", "jobs wait")} for another try: ${reasons.map(describeReason).join("; ")}`;
}
