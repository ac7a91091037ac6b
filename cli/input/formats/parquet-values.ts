import { isUtf8 } from "node:buffer";
import type { MetadataValue } from "../entry/entry.ts";

const SHA256_BYTES = 32;

/** Texts that are not UTF-8 stay bytes, and JSON that is not valid stays text. */
export const PARQUET_PARSERS = {
  stringFromBytes: (bytes: Uint8Array | undefined): unknown => bytes && (isUtf8(bytes) ? textOf(bytes) : bytes),
  jsonFromBytes: (bytes: Uint8Array | undefined): unknown => bytes && jsonOf(bytes),
};

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    return textOf(bytes);
  }
}

/** The value of a field of ours as a list of text would give it: whole numbers are ids, 32 bytes are a digest. */
export function fieldText(value: unknown): unknown {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return String(value);
  if (value instanceof Uint8Array && value.length === SHA256_BYTES) return Buffer.from(value).toString("hex");
  return value;
}

/** As JSON: whole numbers beyond 2^53 as text, times in ISO 8601, bytes in base64, what has no value as null. */
export function metadataValue(value: unknown): MetadataValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(metadataValue);
  if (typeof value !== "object" || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, metadataValue(inner)]));
}
