import type { FieldProblem } from "../entry/check-message.ts";
import { CLASSIC_MAC } from "../entry/check-url.ts";
import { Columns, columnsOf, urlColumnAmong } from "./columns.ts";
import { RecordSplitter } from "./csv-record.ts";

export interface CsvHeader {
  /** Undefined: there is one column, and a line is its value. */
  readonly delimiter: string | undefined;
  readonly columns: Columns;
  /** The line is a record itself: it holds a URL and nothing else. */
  readonly isRecord: boolean;
}

const DELIMITERS = [",", ";", "\t", "|"];

/** What the first line of a table says, or what is wrong with it. */
export function csvHeader(
  text: string,
  urlColumn: string | undefined,
  givenDelimiter: string | undefined,
): CsvHeader | readonly FieldProblem[] {
  if (text.includes("\r")) return [{ reason: `holds a carriage return (CR); ${CLASSIC_MAC}` }];
  if (/^\s*\{\s*"/.test(text)) return [{ reason: "a JSON object in a list read as CSV; choose --format jsonl" }];
  const delimiter = givenDelimiter ?? likelyDelimiter(text, urlColumn);
  const names = new RecordSplitter(delimiter).take(text);
  if (names === undefined)
    return [{ reason: "a quote is open at its end; write the names of the columns on one line" }];
  if ("reason" in names) return [names];
  const isRecord = names.some(isUrl);
  if (isRecord && (names.length > 1 || urlColumn !== undefined)) return [{ reason: nameless(names) }];
  const columns = columnsOf(isRecord ? ["url"] : names, urlColumn);
  return columns instanceof Columns ? { delimiter, columns, isRecord } : columns;
}

/** The delimiter that makes most columns, one of them the URL's; or else one with which quotes are wrong. */
function likelyDelimiter(text: string, urlColumn: string | undefined): string | undefined {
  const scores = DELIMITERS.map((delimiter) => ({ delimiter, score: scoreOf(delimiter, text, urlColumn) }));
  const best = scores.reduce((most, other) => (other.score > most.score ? other : most));
  return best.score > 0 ? best.delimiter : undefined;
}

function scoreOf(delimiter: string, text: string, urlColumn: string | undefined): number {
  const names = new RecordSplitter(delimiter).take(text);
  if (names === undefined || "reason" in names) return 1;
  if (names.length === 1) return 0;
  const hasUrl = typeof urlColumnAmong(names, urlColumn) === "number";
  return names.length + (hasUrl ? text.length : 0);
}

const isUrl = (value: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(value);

function nameless(values: readonly string[]): string {
  const url = values.findIndex(isUrl);
  const names = values.map((value, index) => {
    if (index === url) return "url";
    return /^[0-9a-f]{64}$/i.test(value) ? "sha256" : `column${index + 1}`;
  });
  return `names no columns, but holds a URL; write a line before it that names them, such as: ${names.join(",")}`;
}
