import { hash } from "node:crypto";
import { columnType, noteKinds, type ValueKind } from "../../core/batches/column-types.ts";
import { type BatchLine, LINES_IN_A_FILE, writeDescription, writeLines } from "../../core/batches/batch-lines.ts";
import { createBatch } from "../../core/batches/batch-record.ts";
import type { BatchFiles } from "../../core/ports/batch-files.ts";
import type { Items } from "../../core/ports/items.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { Line } from "./jobs.ts";

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

/**
 * Records the lines of a list as a batch, before any of them is sent: its files first, and its item last. Whatever
 * stops it, it can be done again.
 * @param onLines told of each new number of lines that were recorded.
 */
export async function makeBatch(
  { clock, files, items }: BatchStore,
  { id, name }: Made,
  lines: AsyncIterable<readonly Line[]>,
  signal: AbortSignal,
  onLines: (lines: number) => void,
): Promise<void> {
  const kinds = new Map<string, Set<ValueKind>>();
  let [page, count, written]: [BatchLine[], number, number] = [[], 0, 0];
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    await writing;
    signal.throwIfAborted();
    writing = writeLines(files, id, written++, page);
    // Awaited before the next one: until then its failure is nobody's.
    writing.catch(() => undefined);
    page = [];
  };
  for await (const some of lines) {
    for (const line of some) {
      if ("problems" in line) continue;
      noteKinds(kinds, line.columns ?? {});
      page.push(batchLineOf(line));
      if (page.length === LINES_IN_A_FILE) await write();
      onLines((count += 1));
    }
  }
  if (page.length > 0) await write();
  await writing;
  await writeDescription(
    files,
    id,
    name,
    Object.fromEntries([...kinds].map(([column, found]) => [column, columnType(found)])),
  );
  await items.write(createBatch({ id, name, lines: count, files: written }, clock.nowMs()));
}

function batchLineOf({ checked, columns }: Extract<Line, { readonly job: unknown }>): BatchLine {
  const { artifact_id, url, work_id } = JSON.parse(checked.body) as Pick<BatchLine, "artifact_id" | "url" | "work_id">;
  return { job_id: checked.job_id, work_id, artifact_id, url, ...(columns && { columns }) };
}
