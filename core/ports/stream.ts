import type { Item } from "../model/write.ts";

/** One change of one item of the table. */
export interface ItemChange {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** Whether DynamoDB removed the item because of its TTL. */
  readonly isExpiry: boolean;
}

/** A record of the table's stream: delivered at least once, and in order per item. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly changedAtMs: number;
  /** @throws when the record cannot be decoded. */
  read(): ItemChange;
  /** The record as it was delivered, for people to read. */
  text(): string;
}
