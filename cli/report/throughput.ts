import type { LocalDatabase } from "../../adapters/local/database.ts";

const DOWNLOADS = `SELECT ended_ms, COALESCE(download_ms, 0) AS download_ms, bytes, state = 'FAILED' AS failed FROM jobs
  WHERE ended_ms IS NOT NULL`;
const MOST_STEPS = 120;
const STEPS_MS = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 1_800_000,
  3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000,
] as const;

/** What a run did over time, in steps of equal length. */
export interface Throughput {
  readonly stepMs: number;
  /** In each step: bytes downloaded, of files that were stored. A file's bytes count evenly over its download. */
  readonly bytes: Float64Array;
  readonly stored: Float64Array;
  readonly failed: Float64Array;
}

/** @param rows the database of a JobTable. */
export function throughputOf(rows: LocalDatabase, startedAtMs: number, endedAtMs: number): Throughput {
  const lengthMs = Math.max(1, endedAtMs - startedAtMs);
  const stepMs = STEPS_MS.find((step) => lengthMs / step <= MOST_STEPS) ?? Math.ceil(lengthMs / MOST_STEPS);
  const steps = Math.ceil(lengthMs / stepMs);
  const [bytes, stored, failed] = [new Float64Array(steps), new Float64Array(steps), new Float64Array(steps)];
  const stepAt = (atMs: number): number => Math.min(steps - 1, Math.max(0, Math.floor((atMs - startedAtMs) / stepMs)));

  for (const row of rows.each(DOWNLOADS)) {
    const endedMs = Number(row["ended_ms"]);
    const last = stepAt(endedMs);
    if (row["failed"] === 1) {
      failed[last] = (failed[last] ?? 0) + 1;
      continue;
    }
    stored[last] = (stored[last] ?? 0) + 1;
    const first = stepAt(endedMs - Number(row["download_ms"]));
    const share = Number(row["bytes"]) / (last - first + 1);
    for (let step = first; step <= last; step++) bytes[step] = (bytes[step] ?? 0) + share;
  }
  return { stepMs, bytes, stored, failed };
}
