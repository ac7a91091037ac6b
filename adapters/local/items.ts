import { applyWrite } from "../../core/model/apply-write.ts";
import { present } from "../../core/model/present.ts";
import type { Item, Write, WriteResult } from "../../core/model/write.ts";
import type { Items } from "../../core/ports/items.ts";
import type { LocalDatabase, Row } from "./database.ts";

const READ = "SELECT item FROM items WHERE pk = ?";
/** For an item whose place in the watch index stays: the index is not touched. */
const CHANGE = "UPDATE items SET item = ? WHERE pk = ?";
const PUT = `INSERT INTO items (pk, item, watch_shard, watch_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (pk) DO UPDATE SET item = excluded.item, watch_shard = excluded.watch_shard, watch_at = excluded.watch_at`;
const WATCHED = `SELECT pk, watch_at FROM items
  WHERE watch_shard = ? AND watch_at IS NOT NULL AND watch_at < ? ORDER BY watch_at LIMIT ?`;

/** The attributes of the watch index. */
const WATCHED_BY = ["watch_shard", "watch_at"] as const;

const itemOf = (row: Row): Item => JSON.parse(String(row["item"])) as Item;

const numberOrNull = (item: Item, name: string): number | null => {
  const value = item[name];
  return typeof value === "number" ? value : null;
};

/** The items of a local run, in SQLite. Writes of one turn of the event loop share a commit. */
export function localItems(database: LocalDatabase): Items {
  const readNow = (key: string): Item | undefined => {
    const row = database.get(READ, key);
    return row && itemOf(row);
  };

  const writeNow = (write: Write): WriteResult => {
    const before = readNow(write.key);
    const outcome = applyWrite(write, before);
    if (!outcome.applied) return outcome;
    const { item } = outcome;
    const text = JSON.stringify(item);
    if (before && WATCHED_BY.every((name) => before[name] === item[name])) database.run(CHANGE, text, write.key);
    else database.run(PUT, write.key, text, ...WATCHED_BY.map((name) => numberOrNull(item, name)));
    return outcome;
  };

  return {
    write: async (write) => database.grouped(() => writeNow(write)),
    read: async (key) => readNow(key),
    async readMany(keys) {
      return new Map(
        keys.flatMap((key) => {
          const item = readNow(key);
          return item ? [[key, item] as const] : [];
        }),
      );
    },
    async watched(shard, beforeMs, limit) {
      return database.all(WATCHED, shard, beforeMs, limit).map((row) => ({
        key: String(row["pk"]),
        watchAtMs: Number(present(row["watch_at"] ?? undefined, "the time of a watched item")),
      }));
    },
  };
}
