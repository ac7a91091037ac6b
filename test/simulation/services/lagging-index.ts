import type { SimulatedItems } from "./items.ts";
import type { VirtualTime } from "./time.ts";

/** The watch index as it was `lagMs` ago: DynamoDB writes to it after the table. */
export function withLaggingIndex(items: SimulatedItems, lagMs: number, time: VirtualTime): SimulatedItems {
  /** When each change of `items.changes` was made. */
  const madeAtMs: number[] = [];
  const note = (): void => {
    while (madeAtMs.length < items.changes.length) madeAtMs.push(time.nowMs);
  };
  return {
    ...items,
    write: async (write) => {
      const outcome = await items.write(write);
      note();
      return outcome;
    },
    expire: (key) => {
      items.expire(key);
      note();
    },
    watched: async (shard, beforeMs, limit) => {
      if (limit < 1) return items.watched(shard, beforeMs, limit);
      const entries = new Map<string, number>();
      for (const [place, { key, after }] of items.changes.entries()) {
        if ((madeAtMs[place] ?? time.nowMs) > time.nowMs - lagMs) break;
        const atMs = after?.["watch_at"];
        if (after?.["watch_shard"] === shard && typeof atMs === "number") entries.set(key, atMs);
        else entries.delete(key);
      }
      return [...entries]
        .filter(([, atMs]) => atMs < beforeMs)
        .sort(([, a], [, b]) => a - b)
        .slice(0, limit)
        .map(([key, watchAtMs]) => ({ key, watchAtMs }));
    },
  };
}
