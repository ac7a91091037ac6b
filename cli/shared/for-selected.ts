import type { JobFilter } from "../../adapters/aws/operators/scanned-jobs.ts";
import type { MessageLine } from "../../core/batches/batch-lines.ts";
import type { BatchRecord } from "../../core/batches/batch-record.ts";
import type { ListRecord } from "../../core/lists/list-record.ts";
import { jobIdOfItemKey, jobItemKey } from "../../core/model/keys.ts";
import { hostOf, type JobMessage } from "../../core/model/message.ts";
import { present } from "../../core/model/present.ts";
import { OPEN_STATES } from "../../core/model/states.ts";
import type { Item } from "../../core/model/write.ts";
import type { BatchFiles } from "../../core/ports/batch-files.ts";
import type { JobPages } from "../../core/ports/items.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { eachPage } from "../../core/recovery/each-page.ts";
import { absenceOf } from "./absence.ts";
import { batchNamed, type BatchJobsDeps, bucketOf } from "./batches.ts";
import { isBatch, listsNamed } from "./lists.ts";
import type { Chosen, Selection } from "./selection.ts";
import { plural } from "./words.ts";

export interface SelectedDeps extends BatchJobsDeps {
  readonly clock: Clock;
  /** Scans the table of that name. */
  readonly pagesOf: (table: string, filter: JobFilter) => JobPages;
}

export interface Named {
  readonly jobId: string;
  /** Empty if the job's record is damaged. */
  readonly url: string;
}

/** What a command does with jobs. */
interface Deed {
  /** With one that has a record. */
  readonly found: (job: Named, item: Item) => Promise<void>;
  /** With one that has none. */
  readonly unbegun: (job: Named, message: JobMessage) => Promise<void>;
  /** With all jobs of a batch that are selected. */
  readonly inBatch: (
    batch: BatchRecord,
    files: BatchFiles,
    isSelected: (line: MessageLine) => boolean,
  ) => Promise<void>;
}

type Of<Kind extends Selection["of"]> = Extract<Selection, { readonly of: Kind }>;

/** @returns what else there is to say. */
export async function forSelected(args: Selection, deed: Deed, deps: SelectedDeps): Promise<readonly string[]> {
  switch (args.of) {
    case "job":
      return forOne(args, deed, deps);
    case "batch":
      return forBatch(args, deed, deps);
    case "table":
      return forTable(args, deed, deps);
  }
}

/** @throws Error if an id is given of which there is no record: nobody knows its message. */
async function forOne({ job, stack }: Of<"job">, deed: Deed, deps: SelectedDeps): Promise<readonly string[]> {
  const { jobId, message } = job;
  const { items } = deps.tableOf((await deps.addressesOf(stack)).table);
  const item = await items.read(jobItemKey(jobId));
  if (item) {
    await deed.found({ jobId, url: urlIn(item) }, item);
    return [];
  }
  if (!message) throw new Error(absenceOf({ ...job, stack }));
  await deed.unbegun({ jobId, url: message.url }, message);
  return [
    "It had not begun. If its message names another work_id or artifact_id, it is another job: give --work and --artifact.",
  ];
}

async function forBatch(args: Of<"batch">, deed: Deed, deps: SelectedDeps): Promise<readonly string[]> {
  const addresses = await deps.addressesOf(args.stack);
  const { items } = deps.tableOf(addresses.table);
  const { files } = deps.batchesIn(bucketOf(addresses));
  const [list] = await listsNamed(items, [args.batch]);
  if (list && !isBatch(list)) throw new Error(notABatch(list));
  const batch = await batchNamed(items, args.batch, args.stack);
  await deed.inBatch(batch, files, ({ url, work_id: workId }) => isChosen(args, url, workId));
  return [];
}

const notABatch = ({ id, name, phase }: ListRecord): string =>
  phase === "refused"
    ? `The list ${id} was refused, so nothing of it was sent: it has no jobs.`
    : `The list ${id} is still being checked, and nothing of it was sent. To stop it, remove its object ${name}: it is refused then.`;

async function forTable(args: Of<"table">, deed: Deed, deps: SelectedDeps): Promise<readonly string[]> {
  const { newerThan = Infinity, olderThan = -Infinity, stack, work: workId } = args;
  const pages = deps.pagesOf((await deps.addressesOf(stack)).table, { states: OPEN_STATES, workId });
  const nowMs = deps.clock.nowMs();
  let [scanned, readUnits] = [0, 0];
  for await (const page of eachPage(pages)) {
    scanned += page.scanned;
    readUnits += page.readUnits;
    for (const item of page.items) {
      const { pk, planned_at: plannedAtMs, work_id: workOf } = item;
      const [ageMs, url] = [nowMs - Number(plannedAtMs), urlIn(item)];
      if (!isChosen(args, url, workOf) || ageMs <= olderThan || ageMs >= newerThan) continue;
      const jobId = jobIdOfItemKey(present(typeof pk === "string" ? pk : undefined, "the key of an item"));
      await deed.found({ jobId, url }, item);
    }
  }
  return [`Scanned ${plural(scanned, "item")} for ${plural(readUnits, "read unit")}.`];
}

/** Of a record that may be damaged. */
const urlIn = ({ url }: Item): string => (typeof url === "string" ? url : "");

const isChosen = ({ host, work }: Chosen, url: string, workId: unknown): boolean =>
  (host === undefined || (URL.canParse(url) && hostOf(url) === host)) && (work === undefined || workId === work);
