import { plural } from "../../../core/lists/plural.ts";
import type { RawMessage } from "../entry/check-message.ts";
import { CLASSIC_MAC } from "../entry/check-url.ts";
import { csvHeader, type CsvHeader } from "./csv-header.ts";
import { RecordSplitter } from "./csv-record.ts";
import type { InputItem, InputOptions, InputProblem } from "../../../core/ports/list-items.ts";
import { entryOf, problemOf, type LineReader } from "./line-reader.ts";
import { MOST_LINE_BYTES, type TextLine } from "../bytes/text-lines.ts";

/** A table: its first line names the columns. */
export class CsvLines implements LineReader {
  readonly #urlColumn: string | undefined;
  readonly #after: number;
  /** The one that Excel's line `sep=;` names. */
  #delimiter: string | undefined;
  #records: CsvRecords | undefined;

  constructor({ after = 0, urlColumn }: InputOptions) {
    this.#after = after;
    this.#urlColumn = urlColumn;
  }

  read(line: TextLine): readonly InputItem[] {
    if (this.#records) return this.#records.read(line);
    const named = /^sep=([,;|\t])\s*$/i.exec(line.text)?.[1];
    this.#delimiter ??= named;
    return named !== undefined || line.text.trim() === "" ? [] : this.#readHeader(line);
  }

  /** Without a line of the header or of an open quote, what follows cannot be read. */
  skip(problem: InputProblem): InputProblem {
    return this.#records?.isOpen === false ? problem : { ...problem, endsList: true };
  }

  end(): readonly InputItem[] {
    return this.#records?.end() ?? [];
  }

  #readHeader(line: TextLine): readonly InputItem[] {
    const header = csvHeader(line.text, this.#urlColumn, this.#delimiter);
    if (!("columns" in header)) return header.map((problem) => problemOf(line, { ...problem, endsList: true }));
    this.#records = new CsvRecords(header, this.#after);
    return header.isRecord ? this.#records.read(line) : [];
  }
}

const DELIMITER_NAMES: Readonly<Record<string, string>> = { ",": "a comma", ";": "a semicolon", "\t": "a tab" };

class CsvRecords implements LineReader {
  readonly #header: CsvHeader;
  readonly #splitter: RecordSplitter;
  readonly #after: number;
  /** The first line of a record that spans several. */
  #first: TextLine | undefined;

  constructor(header: CsvHeader, after: number) {
    this.#after = after;
    this.#header = header;
    this.#splitter = new RecordSplitter(header.delimiter);
  }

  get isOpen(): boolean {
    return this.#first !== undefined;
  }

  read(line: TextLine): readonly InputItem[] {
    const first = this.#first ?? line;
    if (this.#first === undefined && line.text.trim() === "") return [];
    const values = this.#splitter.take(line.text);
    if (values === undefined) {
      this.#first = first;
      return this.#splitter.openLength > MOST_LINE_BYTES ? this.end() : [];
    }
    this.#first = undefined;
    if (first.line <= this.#after) return [];
    return "reason" in values ? [problemOf(first, values)] : this.#readRecord(first, values);
  }

  end(): readonly InputItem[] {
    if (this.#first === undefined) return [];
    const reason = "a quote opens in this record and does not close; close it. The rest of the list was not read";
    return [problemOf(this.#first, { reason, endsList: true })];
  }

  #readRecord(line: TextLine, values: readonly string[]): readonly InputItem[] {
    if (values.every((value) => value.trim() === "")) return [];
    const { columns } = this.#header;
    const reason = values.length === columns.count ? undefined : this.#wrongCount(line.text, values.length);
    if (reason !== undefined) return [problemOf(line, { reason })];
    const raw = columns.message(values);
    return entryOf(line, withoutEmpty(raw), columns.metadata(values));
  }

  #wrongCount(text: string, count: number): string {
    if (text.includes("\r")) return `holds a carriage return (CR); ${CLASSIC_MAC}`;
    const { delimiter = "", columns } = this.#header;
    const counts = `${plural(count, "value")} for ${plural(columns.count, "column")}`;
    if (count < columns.count) return `${counts}; write the others too, empty if there are none`;
    return `${counts}; a value with ${DELIMITER_NAMES[delimiter] ?? `"${delimiter}"`} must be in double quotes`;
  }
}

/** A column of digests may have gaps. */
const MAY_BE_EMPTY = ["sha256", "sha512", "md5", "bytes"];

const withoutEmpty = (raw: RawMessage): RawMessage =>
  MAY_BE_EMPTY.some((field) => raw[field] === "")
    ? Object.fromEntries(Object.entries(raw).filter(([field, value]) => value !== "" || !MAY_BE_EMPTY.includes(field)))
    : raw;
