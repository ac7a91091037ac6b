import type { Item, Write, WriteResult } from "../model/write.ts";

/** A store of items under one string key, whose every write is conditional. DynamoDB's UpdateItem, in other words. */
export interface Items {
  /** Applies the write if its condition holds, atomically, and says which item it met or made. */
  write(write: Write): Promise<WriteResult>;
  /** Strongly consistent. */
  read(key: string): Promise<Item | undefined>;
  /** Strongly consistent; keys that have no item are missing from the answer. */
  readMany(keys: readonly string[]): Promise<ReadonlyMap<string, Item>>;
  /** Keys in a shard of the watch index whose `watch_at` lies before `beforeMs`, oldest first; eventually consistent. */
  watched(shard: number, beforeMs: number, limit: number): Promise<readonly string[]>;
}

interface FailedPage {
  readonly items: readonly Item[];
  /** Items of any kind that were looked at, and what that cost. */
  readonly scanned: number;
  readonly readUnits: number;
  /** Opaque; absent when the table is at its end. */
  readonly next?: string;
}

/** Looks through the whole table, page by page: for operators, who do so now and then. Eventually consistent. */
export interface FailedJobs {
  page(from: string | undefined): Promise<FailedPage>;
}
