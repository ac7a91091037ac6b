/**
 * Lists that somebody put into S3 become batches. All lines of a list are checked first and stored as the files of its
 * batch; then the batch is made, and the jobs are sent, file by file. A cursor in the list's record says how far it is.
 */
import type { AnnouncementBus } from "../ports/announcement-bus.ts";
import type { BatchFiles } from "../ports/batch-files.ts";
import type { Items } from "../ports/items.ts";
import { type FoundList, type Lists, UnusableListError } from "../ports/lists.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { ANNOUNCEMENT_SOURCE } from "../model/announcement.ts";
import type { SendBatch } from "../producer/job.ts";
import { folderOf } from "../batches/batch-lines.ts";
import { checkLines } from "./check-lines.ts";
import { HeldList, LostListError } from "./held-list.ts";
import { createList, decodeList, LIST_SHARD, listIdOf, listItemKey, type NewList } from "./list-record.ts";
import { LIST_REFUSED, listRefusedOf } from "./list-refused.ts";
import { sendJobs } from "./send-jobs.ts";
import { wishedReading } from "./wished-reading.ts";

export interface ExpanderDeps {
  readonly clock: Pick<Clock, "after" | "nowMs">;
  readonly random: Pick<Random, "fraction" | "uniqueId">;
  readonly items: Pick<Items, "read" | "readMany" | "watched" | "write">;
  readonly lists: Lists;
  readonly files: BatchFiles;
  /** The bucket of the lists and the files. */
  readonly bucket: string;
  readonly sendBatch: SendBatch;
  /** Undefined: nothing is announced. */
  readonly bus: AnnouncementBus | undefined;
  readonly telemetry: Telemetry;
  readonly linesInAFile: number;
  /** No step is begun for longer than this in a run. */
  readonly expandsForMs: number;
  /** Ids of lists that have a record, which this process need not look for again. */
  readonly known: Set<string>;
}

export interface Expanded {
  readonly found: number;
  readonly expanded: number;
}

const MOST_LISTS = 100;
const MOST_KNOWN = 100_000;

/**
 * One run: records the lists that are new, and takes each that nobody has as far as it gets. Safe to repeat and to run
 * twice at once. Nothing that a list cannot do keeps another waiting.
 * @throws AggregateError at the end of a run in which something failed.
 */
export async function expandLists(deps: ExpanderDeps): Promise<Expanded> {
  const { clock, items, telemetry } = deps;
  const endsAtMs = clock.nowMs() + deps.expandsForMs;
  const errors: unknown[] = [];
  const attempted = async (list: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (error instanceof LostListError) return;
      errors.push(error);
      telemetry.log("error", "A list could not be expanded. The next run tries it again.", { list }, error);
    }
  };
  let [found, expanded] = [0, 0];
  await attempted("all", async () => {
    for await (const some of deps.lists.found())
      for (const { id, list } of await unrecorded(deps, some))
        await attempted(list.key, async () => {
          await record(deps, id, list);
          found += 1;
        });
  });
  const due = await items.watched(LIST_SHARD, clock.nowMs() + 1, MOST_LISTS);
  for (const { key } of due) {
    if (clock.nowMs() >= endsAtMs) break;
    await attempted(key, async () => {
      if (await expand(deps, key, endsAtMs)) expanded += 1;
    });
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `${errors.length} lists could not be expanded. The log has each.`);
  return { found, expanded };
}

async function unrecorded(
  { bucket, items, known }: ExpanderDeps,
  found: readonly FoundList[],
): Promise<readonly { readonly id: string; readonly list: FoundList }[]> {
  const strange = found.map((list) => ({ id: listIdOf(bucket, list), list })).filter(({ id }) => !known.has(id));
  if (known.size + strange.length > MOST_KNOWN) known.clear();
  if (strange.length === 0) return [];
  const recorded = await items.readMany(strange.map(({ id }) => listItemKey(id)));
  for (const { id } of strange) if (recorded.has(listItemKey(id))) known.add(id);
  return strange.filter(({ id }) => !known.has(id));
}

async function record({ clock, files, items, lists }: ExpanderDeps, id: string, list: FoundList): Promise<void> {
  const named = { id, key: list.key, etag: list.etag, name: lists.nameOf(list.key) };
  // Operators find batches by their folders, and so the lists that are none yet.
  await files.write(`${folderOf(id)}list.json`, `${JSON.stringify({ schema_version: 1, name: named.name })}\n`);
  await items.write(createList({ ...named, ...(await beginningOf(lists, list)) }, clock.nowMs()));
}

async function beginningOf(lists: Lists, list: FoundList): Promise<Pick<NewList, "phase" | "reading" | "reason">> {
  try {
    return { phase: "checking", reading: wishedReading(await lists.wishes(list)) };
  } catch (error) {
    if (!(error instanceof UnusableListError)) throw error;
    return { phase: "refused", reading: wishedReading({}), reason: error.message };
  }
}

/** @returns whether nothing is left to do for it. @throws LostListError */
async function expand(deps: ExpanderDeps, key: string, endsAtMs: number): Promise<boolean> {
  const { clock, items } = deps;
  const item = await items.read(key);
  const seen = item && decodeList(item);
  if (seen?.watchAtMs === undefined || seen.watchAtMs > clock.nowMs()) return false;
  const held = await HeldList.take(deps, seen);
  while (clock.nowMs() < endsAtMs) {
    switch (held.record.phase) {
      case "checking":
        await checkLines(deps, held, endsAtMs);
        break;
      case "sending":
        await sendJobs(deps, held, endsAtMs);
        break;
      case "refused":
        await tell(deps, held);
        await held.end();
        return true;
      case "sent":
        await held.end();
        return true;
    }
  }
  await held.leave();
  return false;
}

/** A crash after this tells it again, under the same id. */
async function tell({ bus }: ExpanderDeps, { record: refused }: HeldList): Promise<void> {
  if (!bus) return;
  const detail = JSON.stringify(listRefusedOf(refused));
  const { refusal } = await bus.publish([{ source: ANNOUNCEMENT_SOURCE, type: LIST_REFUSED, detail }]);
  if (refusal !== undefined) throw new Error(`The event bus refused to tell of the list ${refused.id}: ${refusal}`);
}
