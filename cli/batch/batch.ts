import { tallyBatch, type Tally } from "../../core/batches/batch-pages.ts";
import {
  batchItemKey,
  type BatchRecord,
  begunAgain,
  decodeBatch,
  writeBatch,
} from "../../core/batches/batch-record.ts";
import { reportFolder } from "../../core/batches/report-files.ts";
import { ENDED_STATES } from "../../core/model/states.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { reopenSelected, type RedriveDeps } from "../redrive/redrive.ts";
import { cancel } from "../cancel/cancel.ts";
import type { SelectedDeps } from "../shared/for-selected.ts";
import { type Lines, printerOf } from "../shared/lines.ts";
import { formatDuration, plural, timeOf } from "../shared/words.ts";
import type { BatchArguments } from "./arguments.ts";
import { batchNamed, bucketOf, jobsOfBatch } from "../shared/batches.ts";
import { fieldsOfList, isBatch, lineOfList, listsNamed, sendingWords, wordsOfList } from "../shared/lists.ts";

export type BatchDeps = SelectedDeps & RedriveDeps;

type Of<Command extends BatchArguments["command"]> = Extract<BatchArguments, { readonly command: Command }>;

export async function batch(args: BatchArguments, lines: Lines, deps: BatchDeps): Promise<void> {
  switch (args.command) {
    case "list":
      return list(args, lines, deps);
    case "status":
      return status(args, lines, deps);
    case "cancel":
      return cancel({ ...args, of: "batch", batch: args.id }, lines, deps);
    case "retry":
      return retry(args, lines, deps);
  }
}

async function list(args: Of<"list">, { print }: Lines, deps: BatchDeps): Promise<void> {
  const addresses = await deps.addressesOf(args.stack);
  const ids = await deps.batchesIn(bucketOf(addresses)).ids();
  const { items } = deps.tableOf(addresses.table);
  const found = await items.readMany(ids.map(batchItemKey));
  const batches = [...found.values()].map(decodeBatch).toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  // A batch that comes to be meanwhile is named twice rather than not at all.
  const lists = (await listsNamed(items, ids)).filter(({ id }) => !found.has(batchItemKey(id)));
  const printed = printerOf(args.json === true, print);
  for (const each of lists) printed([lineOfList(each)], "list", fieldsOfList(each));
  for (const each of batches)
    printed(
      [`${each.id}  ${each.phase.padEnd(9)}  ${timeOf(each.createdAtMs)}  ${plural(each.lines, "line")}  ${each.name}`],
      "batch",
      fieldsOf(each),
    );
  const notYet =
    lists.length === 0 ? "" : ` ${plural(lists.length, "list")} that ${lists.length === 1 ? "is" : "are"} none.`;
  printed([`${plural(batches.length, "batch", "batches")}.${notYet}`], "summary", {
    batches: batches.length,
    lists: lists.length,
  });
}

async function status(args: Of<"status">, { print }: Lines, deps: BatchDeps): Promise<void> {
  const addresses = await deps.addressesOf(args.stack);
  const bucket = bucketOf(addresses);
  const { items } = deps.tableOf(addresses.table);
  const printed = printerOf(args.json === true, print);
  const [asList] = await listsNamed(items, [args.id]);
  if (asList && !isBatch(asList)) return printed(wordsOfList(asList), "list", fieldsOfList(asList));
  const found = await batchNamed(items, args.id, args.stack);
  const tally = await tallyBatch(items, deps.batchesIn(bucket).files, found);
  const progress = progressOf(found, tally, deps.clock.nowMs());
  const report = found.phase === "ended" ? `s3://${bucket}/${reportFolder(found)}` : null;
  printed([...wordsOf(found, tally, progress, report), ...(asList ? sendingWords(asList) : [])], "batch", {
    ...fieldsOf(found),
    states: tally.states,
    not_begun: tally.unseen,
    reasons: tally.reasons,
    done: progress.done,
    per_second: progress.perSecond,
    left_ms: progress.leftMs ?? null,
    report,
  });
}

interface Progress {
  readonly done: number;
  readonly perSecond: number;
  /** Undefined: none has ended, or all have. */
  readonly leftMs: number | undefined;
}

/** The rate is that since the batch was submitted. */
function progressOf({ createdAtMs, endedAtMs, lines }: BatchRecord, { states }: Tally, nowMs: number): Progress {
  const done = ENDED_STATES.reduce((sum, state) => sum + (states[state] ?? 0), 0);
  const elapsedMs = Math.max(1, (endedAtMs ?? nowMs) - createdAtMs);
  const leftMs = done > 0 && done < lines ? ((lines - done) * elapsedMs) / done : undefined;
  return { done, perSecond: (done / elapsedMs) * 1000, leftMs };
}

const PHASES: Readonly<Record<BatchRecord["phase"], string>> = {
  waiting: "waiting for its jobs to end",
  reporting: "all jobs have ended, and the report is being written",
  ended: "ended",
};
const GIVEN_UP = "not ended for 30 days, and no longer followed: retry begins anew";
const WIDEST = "not begun".length;

function wordsOf(found: BatchRecord, tally: Tally, progress: Progress, report: string | null): readonly string[] {
  const { createdAtMs, id, lines, name, phase, revision, watchAtMs } = found;
  const counts = Object.entries({ ...tally.states, ...(tally.unseen > 0 && { "not begun": tally.unseen }) });
  const width = String(lines).length;
  const left = progress.leftMs === undefined ? "" : `, about ${formatDuration(progress.leftMs)} left`;
  const reasons = Object.entries(tally.reasons).toSorted(([, a], [, b]) => b - a);
  return [
    `Batch ${id}  ${name}`,
    `${phase !== "ended" && watchAtMs === undefined ? GIVEN_UP : PHASES[phase]}; submitted ${timeOf(createdAtMs)}${revision > 1 ? `, retried ${plural(revision - 1, "time")}` : ""}`,
    ...counts.map(([state, count]) => `  ${state.padEnd(WIDEST)}  ${String(count).padStart(width)}`),
    `${progress.done} of ${plural(lines, "line")} have ended: ${progress.perSecond.toFixed(1)} a second${left}`,
    ...(reasons.length > 0 ? [`Failed of: ${reasons.map(([reason, count]) => `${reason} ${count}`).join(", ")}`] : []),
    ...(report === null ? [] : [`Report: ${report}`]),
  ];
}

async function retry(args: Of<"retry">, lines: Lines, deps: BatchDeps): Promise<void> {
  const addresses = await deps.addressesOf(args.stack);
  const { items } = deps.tableOf(addresses.table);
  const pages = await jobsOfBatch(deps, args.stack, args.id, (item) => item["state"] === "FAILED");
  await reopenSelected({ ...args, command: "failed", limit: Number.POSITIVE_INFINITY }, lines, deps, pages);
  // Only now: it would end at once while its jobs have failed. If it is refused, the batch was written meanwhile.
  for (let isBegun = false; !isBegun;) {
    const seen = await batchNamed(items, args.id, args.stack);
    const by = systemRandom.uniqueId();
    const { applied, item } = await items.write(writeBatch(seen, begunAgain(seen, deps.clock.nowMs()), by));
    isBegun = applied || item?.["by"] === by;
  }
  printerOf(args.json === true, lines.print)([`The batch ${args.id} is followed anew.`], "batch", { id: args.id });
}

const fieldsOf = (found: BatchRecord): object => ({
  id: found.id,
  name: found.name,
  phase: found.phase,
  lines: found.lines,
  revision: found.revision,
  submitted_at_ms: found.createdAtMs,
  ended_at_ms: found.endedAtMs ?? null,
});
