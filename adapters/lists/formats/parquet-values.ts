import { isUtf8 } from "node:buffer";
import type { MetadataValue } from "../../../core/ports/list-items.ts";

const SHA256_BYTES = 32;
const MS_A_DAY = 86_400_000;

/** Texts that are not UTF-8 stay bytes, JSON that is not valid stays text, and times keep all of their digits. */
export const PARQUET_PARSERS = {
  timestampFromMilliseconds: (time: bigint | undefined): unknown => isoTime(time, 3),
  timestampFromMicroseconds: (time: bigint | undefined): unknown => isoTime(time, 6),
  timestampFromNanoseconds: (time: bigint | undefined): unknown => isoTime(time, 9),
  dateFromDays: (days: number | undefined): unknown => (days === undefined ? undefined : isoDate(days)),
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

function isoDate(days: number): string | number {
  const date = new Date(days * MS_A_DAY);
  return Number.isNaN(date.getTime()) ? days : date.toISOString().replace("T00:00:00.000Z", "");
}

function isoTime(time: bigint | undefined, digits: number): string | undefined {
  if (time === undefined) return undefined;
  const unitsASecond = 10n ** BigInt(digits);
  const fraction = ((time % unitsASecond) + unitsASecond) % unitsASecond;
  const seconds = new Date(Number((time - fraction) / unitsASecond) * 1000);
  if (Number.isNaN(seconds.getTime())) return String(time);
  return seconds.toISOString().replace(/\.000Z$/, `.${String(fraction).padStart(digits, "0")}Z`);
}

/** The value of a field of ours as a list of text would give it: whole numbers are ids, 32 bytes are a digest. */
export function fieldText(value: unknown): unknown {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return String(value);
  if (value instanceof Uint8Array && value.length === SHA256_BYTES) return Buffer.from(value).toString("hex");
  return value;
}

/** As JSON: whole numbers beyond 2^53 as text, bytes in base64, what has no value as null. */
export function metadataValue(value: unknown): MetadataValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(metadataValue);
  if (typeof value !== "object" || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, metadataValue(inner)]));
}
