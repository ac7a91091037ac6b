import { applyWrite } from "../../core/model/apply-write.ts";
import { present } from "../../core/model/present.ts";
import type { Item, Write, WriteResult } from "../../core/model/write.ts";
import type { Items } from "../../core/ports/items.ts";
import type { LocalDatabase, Row } from "./database.ts";

const READ = "SELECT item FROM items WHERE pk = ?";
const PUT = `INSERT INTO items (pk, item, watch_shard, watch_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (pk) DO UPDATE SET item = excluded.item, watch_shard = excluded.watch_shard, watch_at = excluded.watch_at`;
const WATCHED = `SELECT pk, watch_at FROM items
  WHERE watch_shard = ? AND watch_at IS NOT NULL AND watch_at < ? ORDER BY watch_at LIMIT ?`;

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
    const outcome = applyWrite(write, readNow(write.key));
    if (outcome.applied) {
      const { item } = outcome;
      database.run(
        PUT,
        write.key,
        JSON.stringify(item),
        numberOrNull(item, "watch_shard"),
        numberOrNull(item, "watch_at"),
      );
    }
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
