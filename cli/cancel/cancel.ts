import { systemRandom } from "../../adapters/node/random.ts";
import type { JobFilter, JobPages } from "../../adapters/aws/operators/scanned-jobs.ts";
import type { ListRecord } from "../../core/lists/list-record.ts";
import { cancelBatch } from "../../core/batches/cancel-batch.ts";
import { jobIdOfItemKey, jobItemKey } from "../../core/model/keys.ts";
import { hostOf } from "../../core/model/message.ts";
import { present } from "../../core/model/present.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { OPEN_STATES } from "../../core/model/states.ts";
import type { Item } from "../../core/model/write.ts";
import type { Items } from "../../core/ports/items.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import {
  type CancelDeps as CancellingDeps,
  cancelFound,
  cancelMessage,
  type CancelOutcome,
} from "../../core/recovery/cancel-jobs.ts";
import { isBatch, listsNamed } from "../shared/lists.ts";
import { absenceOf } from "../shared/absence.ts";
import { batchNamed, type BatchJobsDeps, bucketOf } from "../shared/batches.ts";
import { type Lines, printerOf } from "../shared/lines.ts";
import { toldEvents } from "../shared/told-events.ts";
import { plural } from "../shared/words.ts";
import type { CancelArguments, Chosen } from "./arguments.ts";

export interface CancelDeps extends BatchJobsDeps {
  readonly clock: Clock;
  /** Scans the table of that name. */
  readonly pagesOf: (table: string, filter: JobFilter) => JobPages;
}

/** How long the record of a cancelled job stays: longer than any message of it does in a queue (14 days). */
const RECORD_RETENTION_MS = 30 * 24 * 3_600_000;

type Named = Pick<JobRecord, "jobId" | "url">;
const WIDEST = "unreadable".length;

interface Work {
  readonly deps: CancellingDeps & { readonly items: Pick<Items, "read" | "readMany" | "write"> };
  readonly isDryRun: boolean;
  readonly onJob: (job: Named, outcome: CancelOutcome) => void;
}

type Of<Kind extends CancelArguments["of"]> = Extract<CancelArguments, { readonly of: Kind }>;

/** Whatever stops it, what is cancelled stays so, and the same command goes on with the rest. */
export async function cancel(args: CancelArguments, { print, tell }: Lines, deps: CancelDeps): Promise<void> {
  const { clock } = deps;
  const counts = { cancelled: 0, ended: 0, selected: 0, unreadable: 0 };
  const printed = printerOf(args.json === true, print);
  const { items } = deps.tableOf((await deps.addressesOf(args.stack)).table);
  const work: Work = {
    deps: {
      clock,
      items,
      random: systemRandom,
      telemetry: toldEvents(tell, clock),
      settings: { recordRetentionMs: RECORD_RETENTION_MS },
    },
    isDryRun: args.dryRun === true,
    onJob: ({ jobId, url }, outcome) => {
      counts[outcome] += 1;
      printed([`${outcome.padEnd(WIDEST)}  ${jobId}  ${url}`], "job", { outcome, job_id: jobId, url });
    },
  };
  const notes = await cancelled(args, work, deps);
  const ended = counts.ended === 0 ? [] : [`${plural(counts.ended, "job")} had ended before.`];
  const done = work.isDryRun
    ? `${plural(counts.selected, "job")} would be cancelled. Nothing was changed.`
    : `${plural(counts.cancelled, "job")} cancelled.`;
  printed([done, ...ended, ...notes], "summary", counts);
  if (counts.unreadable > 0)
    throw new Error(
      `${plural(counts.unreadable, "record")} cannot be read, so nothing was cancelled there. \`jobs\` says why; a newer release may read them.`,
    );
}

/** @returns what else there is to say. */
async function cancelled(args: CancelArguments, work: Work, deps: CancelDeps): Promise<readonly string[]> {
  switch (args.of) {
    case "job":
      return cancelOne(args, work);
    case "batch":
      return cancelOfBatch(args, work, deps);
    case "table":
      return cancelInTable(args, work, deps);
  }
}

/** @throws Error if an id is given of which there is no record: nobody knows its message. */
async function cancelOne({ job, stack }: Of<"job">, { deps, isDryRun, onJob }: Work): Promise<readonly string[]> {
  const { jobId, message } = job;
  const item = await deps.items.read(jobItemKey(jobId));
  if (item) {
    onJob({ jobId, url: urlIn(item) }, await cancelFound(deps, item, isDryRun));
    return [];
  }
  if (!message) throw new Error(absenceOf({ ...job, stack }));
  onJob({ jobId, url: message.url }, isDryRun ? "selected" : await cancelMessage(deps, message));
  return [
    "It had not begun. If its message names another work_id or artifact_id, it is another job: give --work and --artifact.",
  ];
}

async function cancelOfBatch(args: Of<"batch">, work: Work, deps: CancelDeps): Promise<readonly string[]> {
  const { isDryRun, onJob } = work;
  const addresses = await deps.addressesOf(args.stack);
  const { files } = deps.batchesIn(bucketOf(addresses));
  const [list] = await listsNamed(work.deps.items, [args.batch]);
  if (list && !isBatch(list)) throw new Error(notABatch(list));
  const batch = await batchNamed(work.deps.items, args.batch, args.stack);
  await cancelBatch({ ...work.deps, files }, batch, {
    isDryRun,
    isSelected: ({ url, work_id: workId }) => isChosen(args, url, workId),
    onLine: ({ job_id: jobId, url }, outcome) => onJob({ jobId, url }, outcome),
  });
  return [];
}

const notABatch = ({ id, name, phase }: ListRecord): string =>
  phase === "refused"
    ? `The list ${id} was refused, so nothing of it was sent: there is nothing to cancel.`
    : `The list ${id} is still being checked, and nothing of it was sent. To stop it, remove its object ${name}: it is refused then.`;

async function cancelInTable(args: Of<"table">, work: Work, deps: CancelDeps): Promise<readonly string[]> {
  const { newerThan = Infinity, olderThan = -Infinity, stack, work: workId } = args;
  const pages = deps.pagesOf((await deps.addressesOf(stack)).table, { states: OPEN_STATES, workId });
  const nowMs = deps.clock.nowMs();
  let [scanned, readUnits] = [0, 0];
  let from: string | undefined;
  do {
    const page = await pages.page(from);
    scanned += page.scanned;
    readUnits += page.readUnits;
    for (const item of page.items) {
      const { pk, planned_at: plannedAtMs, work_id: workOf } = item;
      const ageMs = nowMs - Number(plannedAtMs);
      if (!isChosen(args, urlIn(item), workOf) || ageMs <= olderThan || ageMs >= newerThan) continue;
      const job = {
        jobId: jobIdOfItemKey(present(typeof pk === "string" ? pk : undefined, "the key of an item")),
        url: urlIn(item),
      };
      work.onJob(job, await cancelFound(work.deps, item, work.isDryRun));
    }
    from = page.next;
  } while (from !== undefined);
  return [`Scanned ${plural(scanned, "item")} for ${plural(readUnits, "read unit")}.`];
}

/** Of a record that may be damaged. */
const urlIn = ({ url }: Item): string => (typeof url === "string" ? url : "");

const isChosen = ({ host, work }: Chosen, url: string, workId: unknown): boolean =>
  (host === undefined || (URL.canParse(url) && hostOf(url) === host)) && (work === undefined || workId === work);
