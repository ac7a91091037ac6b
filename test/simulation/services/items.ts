import type { Item, Clause, Value, Write, WriteResult } from "../../../core/model/write.ts";
import type { FailedJobs, Items } from "../../../core/ports/items.ts";

function valueAt(item: Item | undefined, path: string): Value | undefined {
  let value: Value | undefined = item;
  for (const name of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Item)[name] : undefined;
  }
  return value;
}

function holds(test: Clause, item: Item | undefined): boolean {
  const value = valueAt(item, test.attribute);
  switch (test.is) {
    case "absent":
      return value === undefined;
    case "one of":
      return typeof value === "string" && test.than.includes(value);
    case "=":
      return value === test.than;
    case "<=":
      return isComparable(value, test.than) && value <= (test.than as Comparable);
    case "<":
      return isComparable(value, test.than) && value < (test.than as Comparable);
  }
}

type Comparable = string | number;

/** DynamoDB orders values of one type only. */
const isComparable = (value: Value | undefined, than: Value): value is Comparable =>
  typeof value === typeof than && (typeof value === "number" || typeof value === "string");

/** Names are added and never deleted: an object from which one was deleted is read and copied several times slower. */
function applied({ add = {}, key, remove = [], set, setIfAbsent }: Write, item: Item | undefined): Item {
  const next: Record<string, Value> = {};
  const setAll = (fields: Item | undefined): void => {
    for (const name in fields) if (!remove.includes(name)) next[name] = fields[name] ?? null;
  };
  setAll(setIfAbsent);
  next["pk"] = key;
  setAll(item);
  setAll(set);
  for (const name in add) {
    const before = item?.[name];
    next[name] = (typeof before === "number" ? before : 0) + (add[name] ?? 0);
  }
  return next;
}

interface Change {
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
  readonly failedJobs: FailedJobs;
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
      if (!write.when.some((tests) => tests.every((test) => holds(test, before))))
        return { applied: false, item: before };
      const after = applied(write, before);
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
