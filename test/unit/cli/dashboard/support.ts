import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { LiveRun, type RunJobs } from "../../../../cli/dashboard/live-run.ts";
import { jobIdOf } from "../../../../core/model/keys.ts";
import { sloReport } from "../../../../dashboards/catalogue/report.ts";
import { SLOS } from "../../../../dashboards/catalogue/slos.ts";

const messageOf = (n: number) => ({ work_id: "w", artifact_id: `a${n}`, url: `https://example.org/dir/f${n}.bin` });
export const idOf = (n: number): string => jobIdOf(messageOf(n));

interface Begun {
  readonly state: string;
  readonly reason?: string;
}

/** A run of so many jobs, some of which have begun. */
export function runOf(total: number, begun: ReadonlyMap<number, Begun> = new Map()): LiveRun {
  const jobs: RunJobs = {
    total,
    states: () => {
      const groups = Map.groupBy(begun.values(), ({ state }) => state);
      return new Map([...groups].map(([state, group]) => [state, group.length]));
    },
    notBegun: (limit) =>
      Array.from({ length: Math.min(limit, total - begun.size) }, (_, n) => ({
        jobId: idOf(n),
        url: messageOf(n).url,
        reason: null,
      })),
    inState: (wanted, limit) =>
      [...begun]
        .filter(([, { state }]) => state === wanted)
        .slice(0, limit)
        .map(([n, { reason = null }]) => ({ jobId: idOf(n), url: messageOf(n).url, reason })),
    urlOf: (jobId) => [0, 1, 2].map(messageOf).find((message) => jobIdOf(message) === jobId)?.url,
  };
  const live = new LiveRun();
  live.began(jobs, () => sloReport({ JobsCompleted: 3 }, SLOS));
  return live;
}

interface RunFolder {
  path: string;
  eventsPath: string;
}

/** A run's folder, which is new in each test. */
export function runFolder(): RunFolder {
  const folder: RunFolder = { path: "", eventsPath: "" };
  beforeEach(async () => {
    folder.path = await mkdtemp(join(tmpdir(), "fetchonce-dashboard-"));
    folder.eventsPath = join(folder.path, "events.jsonl");
  });
  afterEach(async () => rm(folder.path, { recursive: true }));
  return folder;
}
