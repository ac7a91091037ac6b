import type { JobResult } from "../../local/run/results-file.ts";
import { describeReason, fileLabel, formatBytes, formatDuration } from "../shared/words.ts";
import { isStored } from "../../local/run/outcome.ts";
import type { LabelledFile, Snapshot } from "./view.ts";

const RATE_WINDOW_MS = 5_000;

/** How a job ended, in one line. */
export function endLine({ state, url, bytes, path, reason }: JobResult): string {
  if (!isStored({ state })) return `FAILED  ${url}: ${describeReason(reason ?? "no reason known")}`;
  const size = bytes === null ? "" : `, ${formatBytes(bytes)}`;
  return `done    ${path ?? fileLabel(url)}${size}${state === "DEDUPED" ? ", same content as another file" : ""}`;
}

/** How far a file is, in one line. */
export function fileLine({ label, bytes, size }: LabelledFile): string {
  if (size === undefined) return `${formatBytes(bytes).padStart(10)}  ${label}`;
  const percent = size > 0 ? Math.floor((bytes / size) * 100) : 100;
  return `${formatBytes(bytes).padStart(10)} of ${formatBytes(size)}, ${percent} %  ${label}`;
}

/** Change per second over the last 5 s. */
export function rateMeter(): (atMs: number, amount: number) => number {
  const samples: { atMs: number; amount: number }[] = [];
  return (atMs, amount) => {
    samples.push({ atMs, amount });
    while (samples.length > 2 && (samples[1]?.atMs ?? atMs) <= atMs - RATE_WINDOW_MS) samples.shift();
    const oldest = samples[0] ?? { atMs, amount };
    return atMs > oldest.atMs ? ((amount - oldest.amount) / (atMs - oldest.atMs)) * 1000 : 0;
  };
}

/** `12 of 40 done, 1 failed, 1.2 MiB, 300.0 KiB/s, 8 files/s, 3.5 s left` */
export function statusLine(): (snapshot: Snapshot) => string {
  const byteRate = rateMeter();
  const jobRate = rateMeter();
  return (snapshot) => {
    const { atMs, total, isGrowing, done, failed, bytes } = snapshot;
    const jobsPerSecond = jobRate(atMs, done);
    const bytesPerSecond = byteRate(atMs, bytes);
    const leftMs = timeLeftMs(snapshot, jobsPerSecond, bytesPerSecond);
    const parts = [
      `${done} of ${total}${isGrowing ? "+" : ""} done`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      formatBytes(bytes),
      `${formatBytes(Math.round(bytesPerSecond))}/s`,
      `${jobsPerSecond.toFixed(jobsPerSecond < 10 ? 1 : 0)} files/s`,
      ...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} left`]),
    ];
    return parts.join(", ");
  };
}

/** Undefined while nothing tells. */
function timeLeftMs(
  { total, isGrowing, done, underWay }: Snapshot,
  jobsPerSecond: number,
  bytesPerSecond: number,
): number | undefined {
  const left = total - done;
  if (isGrowing || left === 0) return undefined;
  const bytesLeft = underWay.reduce((sum, { bytes, size }) => sum + (size ?? Number.NaN) - bytes, 0);
  // The last files: what they lack says more than how many they are.
  if (left === underWay.length && bytesPerSecond > 0 && Number.isFinite(bytesLeft))
    return (Math.max(0, bytesLeft) / bytesPerSecond) * 1000;
  return jobsPerSecond > 0 ? (left / jobsPerSecond) * 1000 : undefined;
}
