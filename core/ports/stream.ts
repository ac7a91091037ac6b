import type { Item } from "../model/write.ts";

/** What happened to one item of the table. */
export interface ItemChange {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** DynamoDB removed it by its TTL. */
  readonly isExpiry: boolean;
}

/** A record of the table's stream: delivered at least once, and in order for each item. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly changedAtMs: number;
  /** @throws when nobody can make sense of it. */
  read(): ItemChange;
  /** As it came, for people. */
  text(): string;
}
