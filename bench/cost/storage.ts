import type { Item, Value } from "../../core/model/write.ts";

export const GB = 2 ** 30;
const MONTH_HOURS = 730;
export const MONTH_S = MONTH_HOURS * 3600;

/** DynamoDB bills each item with this many bytes in addition to its own. */
const ITEM_OVERHEAD_BYTES = 100;
const COLLECTION_OVERHEAD_BYTES = 3;

const utf8Bytes = (text: string): number => Buffer.byteLength(text);

/** One byte for every two significant digits, plus one byte. */
const numberBytes = (value: number): number =>
  Math.ceil(
    String(value)
      .replace(/[-.]/g, "")
      .replace(/^0+|0+$/g, "").length / 2,
  ) + 1;

/** The size of an attribute's value as DynamoDB counts it. */
function valueBytes(value: Value): number {
  if (typeof value === "string") return utf8Bytes(value);
  if (typeof value === "number") return numberBytes(value);
  if (typeof value === "boolean" || value === null) return 1;
  const entries = Object.entries(value);
  const names = Array.isArray(value) ? 0 : entries.reduce((sum, [name]) => sum + utf8Bytes(name), 0);
  return COLLECTION_OVERHEAD_BYTES + names + entries.reduce((sum, [, inner]) => sum + 1 + valueBytes(inner), 0);
}

export const itemBytes = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + utf8Bytes(name) + valueBytes(value), 0);

export const billedItemBytes = (item: Item): number => itemBytes(item) + ITEM_OVERHEAD_BYTES;
