import { hash } from "node:crypto";
import { columnType, noteKinds, type ValueKind } from "../../core/batches/column-types.ts";
import { lineText, LINES_IN_A_FILE, writeDescription, writeLines } from "../../core/batches/batch-lines.ts";
import { createBatch } from "../../core/batches/batch-record.ts";
import type { BatchFiles } from "../../core/ports/batch-files.ts";
import type { Items } from "../../core/ports/items.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { LinePage } from "../../core/batches/line-page.ts";
import type { Line } from "../../core/lists/list-line.ts";

/** Where a deployment keeps its batches. */
export interface BatchStore {
  readonly files: BatchFiles;
  readonly items: Pick<Items, "write">;
  readonly clock: Pick<Clock, "nowMs">;
}

export interface Made {
  readonly id: string;
  /** What the list is called. */
  readonly name: string;
}

const ID_DIGITS = 20;

/** The same list, read in the same way, is the same batch. */
export const batchIdOf = (list: string, reading: string): string =>
  hash("sha256", JSON.stringify([list, reading])).slice(0, ID_DIGITS);

/** A batch could not be recorded. The message says what to do. */
class BatchNotMadeError extends Error {
  override readonly name = "BatchNotMadeError";

  constructor(list: string, cause: unknown) {
    super(
      `No batch could be made of ${list}: ${String(cause)}. Nothing of it was sent now. ` +
        "Check what the credentials may do (submit --help), or add --no-batch to send the list without one.",
      { cause },
    );
  }
}

/**
 * Records the lines of a list as a batch, while somebody reads them: its files first, and its item at the end. Until
 * then there is no batch. Whatever stops it, it can be done again.
 */
export class BatchRecorder {
  readonly #store: BatchStore;
  readonly #made: Made;
  readonly #kinds = new Map<string, Set<ValueKind>>();
  readonly #page = new LinePage();
  #lines = 0;
  #files = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: BatchStore, made: Made) {
    this.#store = store;
    this.#made = made;
  }

  /** The same lines, of which those are recorded that are valid. @throws BatchNotMadeError */
  async *through(lines: AsyncIterable<readonly Line[]>): AsyncGenerator<readonly Line[]> {
    for await (const some of lines) {
      for (const line of some) {
        if ("problems" in line) continue;
        if (line.columns) noteKinds(this.#kinds, line.columns);
        this.#lines += 1;
        this.#page.add(lineText(line.checked.job_id, line.checked.body, line.columns));
        if (this.#page.lines === LINES_IN_A_FILE) await this.#write();
      }
      yield some;
    }
  }

  /** @throws BatchNotMadeError */
  async finish(): Promise<void> {
    const { clock, files, items } = this.#store;
    const { id, name } = this.#made;
    if (this.#page.lines > 0) await this.#write();
    await this.#told(async () => {
      await this.#writing;
      const columns = [...this.#kinds].map(([column, kinds]) => [column, columnType(kinds)] as const);
      await writeDescription(files, id, name, Object.fromEntries(columns));
      await items.write(createBatch({ id, name, lines: this.#lines, files: this.#files }, clock.nowMs()));
    });
  }

  async #write(): Promise<void> {
    await this.#told(async () => this.#writing);
    this.#writing = writeLines(this.#store.files, this.#made.id, this.#files++, this.#page.take());
    // Awaited before the next one: until then its failure is nobody's.
    this.#writing.catch(() => undefined);
  }

  async #told(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw new BatchNotMadeError(this.#made.name, error);
    }
  }
}
