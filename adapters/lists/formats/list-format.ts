import { extname } from "node:path";
import type { ListFormat } from "../../../core/ports/list-items.ts";
import { isUrlName } from "../entry/fields.ts";

const EXTENSIONS: Readonly<Record<string, ListFormat>> = {
  ".txt": "txt",
  ".csv": "csv",
  ".tsv": "tsv",
  ".tab": "tsv",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".parquet": "parquet",
};

const PARQUET_MAGIC = "PAR1";

/** What a list may be instead of text, by its first bytes, and what to do about it. */
const FOREIGN: readonly (readonly [magic: string, reason: string])[] = [
  ["\xFF\xFE", "UTF-16, not UTF-8; convert it with: iconv -f UTF-16 -t UTF-8 LIST > NEW"],
  ["\xFE\xFF", "UTF-16, not UTF-8; convert it with: iconv -f UTF-16 -t UTF-8 LIST > NEW"],
  ["PK\x03\x04", "a ZIP archive or an Excel workbook, not a list; unpack it, or save the sheet as CSV UTF-8"],
  ["\xD0\xCF\x11\xE0", "an Excel workbook, not a list; save the sheet as CSV UTF-8"],
  ["BZh", "packed with bzip2, which cannot be read; unpack it: bzip2 -dc LIST | fetchonce get -"],
  ["\xFD7zX", "packed with xz, which cannot be read; unpack it: xz -dc LIST | fetchonce get -"],
  ["%PDF", "a PDF, not a list; write the URLs into a text file, one on each line"],
  ["PARE", "encrypted Parquet, which cannot be read; decrypt it first"],
  ["ARRO", "an Arrow file, which cannot be read; write it as Parquet"],
];

const BYTES_SEARCHED_FOR_NUL = 512;

/** The format that the user chose, or else the one of the file's name. Undefined: its first line tells. */
export function formatOfName(name: string): ListFormat | undefined {
  return EXTENSIONS[extname(name.toLowerCase().replace(/\.(gz|gzip|zst|zstd)$/, ""))];
}

export const startsParquet = (head: Buffer): boolean => head.toString("latin1", 0, 4) === PARQUET_MAGIC;

/** Why the bytes are not the text of a list. */
export function foreignKind(head: Buffer, format: ListFormat | undefined): string | undefined {
  const start = head.toString("latin1", 0, BYTES_SEARCHED_FOR_NUL);
  const found = FOREIGN.find(([magic]) => start.startsWith(magic))?.[1];
  if (found !== undefined) return found;
  if (format === "parquet" && head.length > 0) {
    return "not Parquet: it does not start with PAR1; say what it is with --format, or write the list again";
  }
  return start.includes("\0")
    ? "not text: it holds NUL bytes; if it is UTF-16, convert it to UTF-8 with iconv"
    : undefined;
}

/** The format of a list whose first line with content this is. */
export function formatOfLine(text: string): "txt" | "csv" | "jsonl" {
  if (/^[{[]/.test(text) || isJsonText(text)) return "jsonl";
  if (text.startsWith("#") || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return "txt";
  return isUrlName(text) || /[,;|\t]/.test(text) ? "csv" : "txt";
}

function isJsonText(text: string): boolean {
  if (!/^".*:\/\/.*"$/.test(text)) return false;
  try {
    return typeof JSON.parse(text) === "string";
  } catch {
    return false;
  }
}
