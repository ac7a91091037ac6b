import { watchShards } from "../model/keys.ts";
import type { Items, WatchedKey } from "../ports/items.ts";
import type { Failures } from "./failures.ts";
import { inLanes } from "./in-lanes.ts";

/** Shards that are read at a time. */
const LANES = 16;

interface DueDeps {
  readonly items: Pick<Items, "watched">;
  /** Jobs of each shard at most. */
  readonly limit: number;
}

/**
 * The jobs that are due before `beforeMs`, in all shards of the watch index, longest overdue first. A shard that does
 * not answer keeps none of the others waiting.
 */
export async function dueJobs(
  { items, limit }: DueDeps,
  failures: Failures,
  beforeMs: number,
): Promise<readonly WatchedKey[]> {
  const found: (readonly WatchedKey[])[] = [];
  const shards = watchShards().values();
  await inLanes(LANES, async () => {
    for (const shard of shards) {
      try {
        found.push(await items.watched(shard, beforeMs, limit));
      } catch (error) {
        failures.add(`shard ${shard} of the watch index could not be read`, error);
      }
    }
  });
  return found.flat().sort((a, b) => a.watchAtMs - b.watchAtMs);
}
