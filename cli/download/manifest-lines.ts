import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { CsvError, parse, type Info } from "csv-parse";
import { canonicalUrl } from "../../core/model/url.ts";

export interface ManifestProblem {
  readonly line: number;
  readonly field?: string;
  readonly reason: string;
}

/** The unvalidated value of a manifest line, or the reason why the line could not be parsed. */
export type ManifestLine = { readonly line: number; readonly value: unknown } | ManifestProblem;

export type LineReader = (input: Readable) => AsyncGenerator<ManifestLine>;

const COLUMNS = ["work_id", "artifact_id", "url"];
/** 64 bits: among a million URLs of one host, the odds that two share an id are one in 37 million. */
const ARTIFACT_ID_DIGITS = 16;

/** Numbered from 1, and trimmed of white space, which includes a byte order mark. */
async function* numberedLines(input: Readable): AsyncGenerator<{ line: number; text: string }> {
  let rest = "";
  let line = 0;
  for await (const chunk of input.setEncoding("utf8")) {
    const texts = (rest + String(chunk)).split("\n");
    rest = texts.pop() ?? "";
    for (const text of texts) yield { line: ++line, text: text.trim() };
  }
  yield { line: ++line, text: rest.trim() };
}

export async function* jsonLines(input: Readable): AsyncGenerator<ManifestLine> {
  for await (const { line, text } of numberedLines(input)) {
    if (text === "") continue;
    try {
      yield { line, value: JSON.parse(text) as unknown };
    } catch {
      yield { line, reason: "not JSON; each line must be one JSON object" };
    }
  }
}

/** Derives the ids from the URL alone, so that a URL is the same job in every list. */
export async function* urlLines(input: Readable): AsyncGenerator<ManifestLine> {
  for await (const { line, text } of numberedLines(input)) {
    if (text === "" || text.startsWith("#")) continue;
    if (!URL.canParse(text)) yield { line, field: "url", reason: "not an absolute URL" };
    else yield { line, value: { ...idsOf(text), url: text } };
  }
}

function idsOf(url: string): { work_id: string; artifact_id: string } {
  const canonical = canonicalUrl(url);
  const digest = createHash("sha256").update(canonical).digest("hex");
  return { work_id: new URL(canonical).host || "-", artifact_id: digest.slice(0, ARTIFACT_ID_DIGITS) };
}

export async function* csvLines(input: Readable): AsyncGenerator<ManifestLine> {
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  input.once("error", (error) => parser.destroy(error));
  let header: readonly string[] | undefined;
  try {
    for await (const { record, info } of input.pipe(parser) as AsyncIterable<{ record: string[]; info: Info }>) {
      if (header) {
        yield csvLine(header, record, info.lines);
        continue;
      }
      header = record;
      const faults = headerFaults(header);
      for (const fault of faults) yield { line: info.lines, ...fault };
      if (faults.length > 0) return;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    yield { line: Number(error["lines"] ?? 1), reason: `${error.message}; the rest of the file was not read` };
  }
}

function headerFaults(header: readonly string[]): readonly { field: string; reason: string }[] {
  return [...COLUMNS, "sha256"].flatMap((field) => {
    const times = header.filter((name) => name === field).length;
    if (times > 1) return [{ field, reason: `${times} columns have this name` }];
    if (times === 0 && COLUMNS.includes(field)) return [{ field, reason: "missing from the header line" }];
    return [];
  });
}

function csvLine(header: readonly string[], record: readonly string[], line: number): ManifestLine {
  if (record.length !== header.length) {
    const reason = `${record.length} values for ${header.length} columns; a value with a comma must be in double quotes`;
    return { line, reason };
  }
  const cells = header.map((name, column) => [name, record[column]] as const);
  return { line, value: Object.fromEntries(cells.filter(([name, cell]) => name !== "sha256" || cell !== "")) };
}
