import { columnType, noteKinds, type ValueKind } from "../batches/column-types.ts";
import { lineText, writeDescription, writeLines } from "../batches/batch-lines.ts";
import { createBatch } from "../batches/batch-record.ts";
import { LinePage } from "../batches/line-page.ts";
import type { BatchFiles } from "../ports/batch-files.ts";
import type { Items } from "../ports/items.ts";
import type { InputProblem, Metadata } from "../ports/list-items.ts";
import { type Lists, UnusableListError } from "../ports/lists.ts";
import type { Clock } from "../ports/runtime.ts";
import { describeProblem } from "./describe-problem.ts";
import type { HeldList } from "./held-list.ts";
import { type Line, lineOf } from "./list-line.ts";
import type { ListCursor, ListRecord } from "./list-record.ts";
import { plural } from "./plural.ts";

interface CheckingDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly items: Pick<Items, "write">;
  readonly lists: Pick<Lists, "items">;
  readonly files: BatchFiles;
  readonly linesInAFile: number;
}

/** More are not told, and a list that has so many is refused without reading the rest of it. */
const MOST_PROBLEMS = 20;
/** The record holds the kinds of each column's values, by its name, and DynamoDB takes 400 KB. */
const MOST_COLUMNS = 1_000;
const MOST_NAME_CHARACTERS = 50_000;

/**
 * Stores the lines as the files of a batch, and makes the batch when all of them are valid. The same lines give the
 * same files, so whoever goes on from the cursor writes what another has written.
 * @throws LostListError
 */
export async function checkLines(deps: CheckingDeps, held: HeldList, endsAtMs: number): Promise<void> {
  try {
    const cursor = await storeLines(deps, held, endsAtMs);
    if (cursor) await decide(deps, held, cursor);
  } catch (error) {
    if (!(error instanceof UnusableListError)) throw error;
    await held.save({ phase: "refused", reason: error.message });
  }
}

/** @returns undefined if the time was up before it is known what becomes of the list. */
async function storeLines(
  { clock, files, linesInAFile, lists }: CheckingDeps,
  held: HeldList,
  endsAtMs: number,
): Promise<ListCursor | undefined> {
  const { cursor: begun, id, reading } = held.record;
  const reader = new Reader(held.record);
  const store = async (): Promise<void> => {
    await writeLines(files, id, held.record.cursor.files, reader.takePage());
    await held.save({ cursor: reader.cursor });
  };
  const options = { format: reading.format, urlColumn: reading.url_column, after: begun.line };
  for await (const items of lists.items(held.record, options)) {
    if (clock.nowMs() >= endsAtMs) return undefined;
    for (const item of items) {
      reader.add(lineOf(item, reading.metadata), item.line);
      if (reader.pageLines === linesInAFile) await store();
    }
    if (reader.hasTooManyProblems) return reader.cursor;
    await held.renewIfOld();
  }
  if (reader.pageLines > 0) await store();
  return reader.cursor;
}

/** Adds line after line to what a cursor says. */
class Reader {
  readonly #list: ListRecord;
  readonly #page = new LinePage();
  readonly #kinds: Map<string, Set<ValueKind>>;
  #cursor: Omit<ListCursor, "kinds">;

  constructor(list: ListRecord) {
    const { kinds, ...cursor } = list.cursor;
    this.#list = list;
    this.#kinds = new Map(Object.entries(kinds).map(([name, known]) => [name, new Set(known)]));
    this.#cursor = cursor;
  }

  /** @throws UnusableListError if the list has too many columns. */
  add(line: Line, number: number): void {
    if ("problems" in line) {
      for (const problem of line.problems) this.#note(problem);
      return;
    }
    if (line.columns) this.#noteColumns(line.columns);
    this.#page.add(lineText(line.checked.job_id, line.checked.body, line.columns));
    this.#cursor = { ...this.#cursor, line: number, lines: this.#cursor.lines + 1 };
  }

  get pageLines(): number {
    return this.#page.lines;
  }

  takePage(): Uint8Array {
    this.#cursor = { ...this.#cursor, files: this.#cursor.files + 1 };
    return this.#page.take();
  }

  /** The list is refused whatever follows. */
  get hasTooManyProblems(): boolean {
    return !this.#list.reading.skip_invalid && this.#cursor.invalid >= MOST_PROBLEMS;
  }

  get cursor(): ListCursor {
    return {
      ...this.#cursor,
      kinds: Object.fromEntries([...this.#kinds].map(([name, kinds]) => [name, [...kinds]])),
    };
  }

  #noteColumns(columns: Metadata): void {
    const before = this.#kinds.size;
    noteKinds(this.#kinds, columns);
    if (this.#kinds.size === before) return;
    if (this.#kinds.size > MOST_COLUMNS)
      throw new UnusableListError(`it has more than ${MOST_COLUMNS} columns of its own; leave some out`);
    if ([...this.#kinds.keys()].join("").length > MOST_NAME_CHARACTERS)
      throw new UnusableListError(
        `the names of its columns have more than ${MOST_NAME_CHARACTERS} characters together`,
      );
  }

  #note(problem: InputProblem): void {
    const { invalid, problems } = this.#cursor;
    const more = problems.length < MOST_PROBLEMS ? [describeProblem(this.#list.name, problem)] : [];
    this.#cursor = { ...this.#cursor, invalid: invalid + 1, problems: [...problems, ...more] };
  }
}

/** A list is refused, or its batch is made. */
async function decide({ clock, files, items }: CheckingDeps, held: HeldList, cursor: ListCursor): Promise<void> {
  const { id, name, reading } = held.record;
  const { invalid, lines } = cursor;
  if (invalid > 0 && !reading.skip_invalid)
    return held.save({ cursor, phase: "refused", reason: `${problemsIn(invalid)}; ${CORRECT_THEM}` });
  if (lines === 0) return held.save({ cursor, phase: "refused", reason: NO_LINES });
  const columns = Object.entries(cursor.kinds).map(([column, kinds]) => [column, columnType(new Set(kinds))] as const);
  await writeDescription(files, id, name, Object.fromEntries(columns));
  await items.write(createBatch({ id, name, lines, files: cursor.files }, clock.nowMs()));
  await held.save({ cursor, phase: "sending" });
}

const NO_LINES = "no line of it names a file to fetch; correct it, and put it again";
const CORRECT_THEM = "correct its lines and put it again, or give the object the metadata skip-invalid=yes";
const problemsIn = (count: number): string =>
  count >= MOST_PROBLEMS ? `${MOST_PROBLEMS} problems or more` : plural(count, "problem");
