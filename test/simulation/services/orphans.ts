import { jobItemKey, stagingKey } from "../../../core/model/keys.ts";
import { KEPT_ID } from "./lasting.ts";
import type { SimulatedItems } from "./items.ts";
import type { SimulatedBlobs } from "./blobs.ts";
import type { VirtualTime } from "./time.ts";

/** Something in staging that no job's record knows. It is litter once it is older than any invocation can be. */
export interface Orphan {
  readonly atMs: number;
  readonly isUpload: boolean;
}

/** Sorts before the ids of all jobs, so that a sweep meets orphans first. */
const ORPHAN_START = "0".repeat(30);
export const isOrphan = (jobId: string): boolean => jobId.startsWith(ORPHAN_START);

export function plantOrphans(orphans: readonly Orphan[], { staging }: SimulatedBlobs, time: VirtualTime): void {
  for (const [index, { atMs, isUpload }] of orphans.entries()) {
    const key = stagingKey(`${ORPHAN_START}${String(index).padStart(2, "0")}`, "plain-1");
    time.plan(atMs, () => {
      if (isUpload) void staging.createUpload(key, "text/plain");
      else void staging.put(key, Buffer.from("orphan"), "text/plain");
    });
  }
}

/** Longer than any schedule. */
const WAITS_FOR_MS = 6 * 3600 * 1000;

/** A job that waits because its origin said Retry-After. What it has staged stays as long, and fills a small page. */
export function plantWaitingJob(items: SimulatedItems, { staging }: SimulatedBlobs, nowMs: number): void {
  const availableAtMs = nowMs + WAITS_FOR_MS;
  void staging.createUpload(stagingKey(KEPT_ID, "1"), "text/plain");
  void staging.put(stagingKey(KEPT_ID, "2"), Buffer.from("kept"), "text/plain");
  void items.write({
    key: jobItemKey(KEPT_ID),
    when: [[]],
    set: {
      work_id: "work",
      artifact_id: "waiting",
      url: "https://origin.example/waiting",
      state: "STREAMING",
      fence: 3,
      planned_at: nowMs,
      attempts: 1,
      strikes: 1,
      reason: "http_429",
      failure_class: "origin",
      available_at: availableAtMs,
      watch_at: availableAtMs + 1,
      watch_shard: 0,
    },
  });
}
