import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { chunksOf, unpacked } from "./bytes/unpacked.ts";
import { CsvLines } from "./formats/csv-lines.ts";
import { DamagedListError } from "./entry/damaged-list-error.ts";
import type { InputItem, InputOptions, InputProblem, ListFormat } from "../../core/ports/list-items.ts";
import { JsonLines } from "./formats/json-lines.ts";
import type { LineReader } from "./formats/line-reader.ts";
import { foreignKind, formatOfLine, formatOfName, startsParquet } from "./formats/list-format.ts";
import { fileBytes, type RandomBytes } from "./random-bytes.ts";
import { textLines, type TextLine } from "./bytes/text-lines.ts";
import { UnusableListError } from "../../core/ports/lists.ts";
import { UrlLines } from "./formats/url-lines.ts";

type Items = AsyncGenerator<readonly InputItem[]>;

/** What a list is read from. */
export interface ListSource {
  /** Its ending tells the format. */
  readonly name: string;
  /** All bytes, in their order. */
  readonly stream: AsyncIterable<Uint8Array | string>;
  /** Undefined: it can be read in its order alone, as a pipe. */
  readonly open: (() => Promise<RandomBytes>) | undefined;
}

/** The items of a list, as many at a time as came in. @throws UnusableListError */
export async function* listItems(source: ListSource, options: InputOptions): Items {
  try {
    const { head, bytes, werePacked } = await unpacked(chunksOf(source.stream));
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
    if ("reason" in line && line.line <= (options.after ?? 0)) return [];
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
  { name, open }: ListSource,
  unpackedBytes: AsyncIterable<Buffer> | undefined,
  options: InputOptions,
): Items {
  if (open === undefined) {
    throw new UnusableListError(
      `${name} is Parquet, whose index is at its end: it is read from a file alone. Give the path of the file.`,
    );
  }
  // The library for it is larger than all the rest of the program, and few lists need it.
  const { parquetRows } = await import("./formats/parquet-rows.ts");
  if (unpackedBytes === undefined) {
    yield* parquetRows(await open(), options);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-list-"));
  try {
    const path = join(folder, "list.parquet");
    await pipeline(unpackedBytes, createWriteStream(path));
    yield* parquetRows(await fileBytes(path), options);
  } finally {
    await rm(folder, { recursive: true });
  }
}
