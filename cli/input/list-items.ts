import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UsageError } from "../terminal/usage-error.ts";
import { chunksOf, unpacked } from "./bytes/unpacked.ts";
import { CsvLines } from "./formats/csv-lines.ts";
import { DamagedListError } from "./entry/damaged-list-error.ts";
import type { InputItem, InputOptions, InputProblem, ListFormat } from "./entry/entry.ts";
import { JsonLines } from "./formats/json-lines.ts";
import type { LineReader } from "./formats/line-reader.ts";
import { foreignKind, formatOfLine, formatOfName, startsParquet } from "./formats/list-format.ts";
import { parquetRows } from "./formats/parquet-rows.ts";
import type { ListSource } from "./sources.ts";
import { textLines, type TextLine } from "./bytes/text-lines.ts";
import { UrlLines } from "./formats/url-lines.ts";

type Items = AsyncGenerator<readonly InputItem[]>;

/** The items of a list, as many at a time as came in. */
export async function* listItems(source: ListSource, stream: Readable, options: InputOptions): Items {
  try {
    const { head, bytes, werePacked } = await unpacked(chunksOf(stream));
    if (startsParquet(head)) yield* parquetItems(source, werePacked ? bytes : undefined, options);
    else yield* textItems(head, bytes, options.format ?? formatOfName(source.name), options);
  } catch (error) {
    if (!(error instanceof DamagedListError)) throw error;
    yield [{ line: 1, reason: error.message, endsList: true }];
  }
}

async function* textItems(
  head: Buffer,
  bytes: AsyncIterable<Buffer>,
  format: ListFormat | undefined,
  options: InputOptions,
): Items {
  const foreign = foreignKind(head, format);
  if (foreign !== undefined) {
    yield [{ line: 1, reason: foreign, endsList: true }];
    return;
  }
  let reader = format && readerOf(format, options);
  for await (const lines of textLines(bytes)) {
    const items: InputItem[] = [];
    for (const line of lines) {
      const read = itemsOf(line);
      items.push(...read);
      if (!read.some(endsList)) continue;
      yield items;
      return;
    }
    yield items;
  }
  yield reader?.end?.() ?? [];

  function itemsOf(line: TextLine | InputProblem): readonly InputItem[] {
    if ("reason" in line) return [reader === undefined ? lastOf(line) : (reader.skip?.(line) ?? line)];
    if (reader === undefined && line.text.trim() !== "") reader = readerOf(formatOfLine(line.text.trim()), options);
    return reader?.read(line) ?? [];
  }
}

/** Without its first line, it is not known what a list is. */
const lastOf = (problem: InputProblem): InputProblem => ({ ...problem, endsList: true });

const endsList = (item: InputItem): boolean => "reason" in item && item.endsList === true;

function readerOf(format: ListFormat, options: InputOptions): LineReader {
  if (format === "jsonl") return new JsonLines(options);
  return format === "csv" || format === "tsv" ? new CsvLines(options) : new UrlLines(options);
}

async function* parquetItems(
  source: ListSource,
  unpackedBytes: AsyncIterable<Buffer> | undefined,
  options: InputOptions,
): Items {
  if (source.path === undefined || !source.isFile) {
    throw new UsageError(
      `${source.name} is Parquet, whose index is at its end: it is read from a file alone. Give the path of the file.`,
    );
  }
  if (unpackedBytes === undefined) {
    yield* parquetRows(source.path, options);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-list-"));
  try {
    const path = join(folder, "list.parquet");
    await pipeline(unpackedBytes, createWriteStream(path));
    yield* parquetRows(path, options);
  } finally {
    await rm(folder, { recursive: true });
  }
}
