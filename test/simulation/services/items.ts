import { applyWrite } from "../../../core/model/apply-write.ts";
import type { Item, Write, WriteResult } from "../../../core/model/write.ts";
import type { Items, JobPages } from "../../../core/ports/items.ts";

export interface Change {
  readonly key: string;
  readonly before: Item | undefined;
  /** Undefined: it was removed. */
  readonly after: Item | undefined;
}

export interface SimulatedItems extends Items {
  readonly all: ReadonlyMap<string, Item>;
  /** Every write that was applied, in order. */
  readonly history: readonly { readonly write: Write; readonly before: Item | undefined; readonly after: Item }[];
  /** The same changes, and the removals among them. */
  readonly changes: readonly Change[];
  /** DynamoDB's TTL removes the item. */
  expire(key: string): void;
  readonly failedJobs: JobPages;
}

/** A table in memory that interprets the protocol's writes as DynamoDB does. */
export function simulatedItems(): SimulatedItems {
  const all = new Map<string, Item>();
  const history: { write: Write; before: Item | undefined; after: Item }[] = [];
  const changes: Change[] = [];
  return {
    all,
    history,
    changes,
    async write(write): Promise<WriteResult> {
      const before = all.get(write.key);
      const outcome = applyWrite(write, before);
      if (!outcome.applied) return outcome;
      const after = outcome.item;
      all.set(write.key, after);
      history.push({ write, before, after });
      changes.push({ key: write.key, before, after });
      return { applied: true, item: after };
    },
    expire(key) {
      const before = all.get(key);
      if (!before) return;
      all.delete(key);
      changes.push({ key, before, after: undefined });
    },
    failedJobs: {
      page: async () => ({
        items: [...all].flatMap(([key, item]) => (key.startsWith("JOB#") && item["state"] === "FAILED" ? [item] : [])),
        scanned: all.size,
        readUnits: all.size,
      }),
    },
    read: async (key) => all.get(key),
    async readMany(keys) {
      return new Map(
        keys.flatMap((key) => {
          const item = all.get(key);
          return item ? [[key, item] as const] : [];
        }),
      );
    },
    async watched(shard, beforeMs, limit) {
      if (limit < 1) throw new RangeError("ValidationException: Limit must be at least 1");
      return [...all]
        .flatMap(([key, item]) =>
          item["watch_shard"] === shard && typeof item["watch_at"] === "number" && item["watch_at"] < beforeMs
            ? [{ key, watchAtMs: item["watch_at"] }]
            : [],
        )
        .sort((a, b) => a.watchAtMs - b.watchAtMs)
        .slice(0, limit);
    },
  };
}
