import type { Items, JobPages } from "../ports/items.ts";
import type { BatchFiles } from "../ports/batch-files.ts";
import type { Item, Value } from "../model/write.ts";
import { inLanes } from "../recovery/in-lanes.ts";
import { jobOf, jobsOf } from "./batch-jobs.ts";
import { readLines } from "./batch-lines.ts";
import type { BatchRecord } from "./batch-record.ts";

/** The records of a batch's jobs, a page for each file of its lines. A job of several lines of a file is there once. */
export const batchPages = (
  items: Pick<Items, "readMany">,
  files: BatchFiles,
  batch: Pick<BatchRecord, "files" | "id">,
  isSelected: (item: Item) => boolean,
): JobPages => ({
  async page(from = "0") {
    const file = Number(from);
    const lines = (await readLines(files, batch.id, file)) ?? [];
    const found = [...(await jobsOf(items, lines)).values()];
    const next = file + 1;
    return {
      items: found.filter(isSelected),
      scanned: found.length,
      readUnits: found.length,
      ...(next < batch.files && { next: String(next) }),
    };
  },
});

/** With ten requests of each. Somebody waits for the answer. */
const FILES_AT_A_TIME = 4;

/** How many lines are in each state, and why those have failed that have. */
export interface Tally {
  readonly states: Readonly<Record<string, number>>;
  /** Lines whose job has no record: it has not begun, or its record has expired. */
  readonly unseen: number;
  readonly reasons: Readonly<Record<string, number>>;
}

/** What the records of all of a batch's lines say now: a read unit for each. */
export async function tallyBatch(
  items: Pick<Items, "readMany">,
  files: BatchFiles,
  batch: Pick<BatchRecord, "files" | "id">,
): Promise<Tally> {
  const states: Record<string, number> = {};
  const reasons: Record<string, number> = {};
  let unseen = 0;
  const numbers = Array.from({ length: batch.files }, (_, file) => file).values();
  await inLanes(FILES_AT_A_TIME, async () => {
    for (const file of numbers) {
      const lines = (await readLines(files, batch.id, file)) ?? [];
      const jobs = await jobsOf(items, lines);
      for (const line of lines) {
        const job = jobOf(jobs, line);
        if (!job) unseen += 1;
        else addOne(states, job["state"]);
        if (job?.["state"] === "FAILED") addOne(reasons, job["reason"]);
      }
    }
  });
  return { states, unseen, reasons };
}

function addOne(counts: Record<string, number>, value: Value | undefined): void {
  const name = typeof value === "string" ? value : "unknown";
  counts[name] = (counts[name] ?? 0) + 1;
}
