import type { Item, Write, WriteResult } from "../model/write.ts";

/** An entry of the watch index. */
export interface WatchedKey {
  readonly key: string;
  readonly watchAtMs: number;
}

/** A store of items under one string key, in which every write is conditional, like DynamoDB's UpdateItem. */
export interface Items {
  /** Applies the write atomically if its condition holds. Returns the new item, or the one that failed it. */
  write(write: Write): Promise<WriteResult>;
  /** Strongly consistent. */
  read(key: string): Promise<Item | undefined>;
  /**
   * Strongly consistent; keys that have no item are missing from the answer.
   * @throws RetryableError (system) when the table is too busy to read all keys.
   */
  readMany(keys: readonly string[]): Promise<ReadonlyMap<string, Item>>;
  /** Keys in a shard of the watch index whose `watch_at` is before `beforeMs`, oldest first; eventually consistent. */
  watched(shard: number, beforeMs: number, limit: number): Promise<readonly WatchedKey[]>;
}

/** A page of job records, and what it has cost. */
export interface JobPage {
  readonly items: readonly Item[];
  /** How many items of any kind were read, and the read units that this cost. */
  readonly scanned: number;
  readonly readUnits: number;
  /** Opaque cursor of the next page; absent at the end of the table. */
  readonly next?: string;
}

/** Scans the table or a part of it, page by page. Meant for occasional use by operators. Eventually consistent. */
export interface JobPages {
  page(from: string | undefined): Promise<JobPage>;
}
