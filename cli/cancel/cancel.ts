import { systemRandom } from "../../adapters/node/random.ts";
import { cancelBatch } from "../../core/batches/cancel-batch.ts";
import { stopSending } from "../../core/lists/stop-sending.ts";
import { cancelFound, cancelMessage, type CancelOutcome } from "../../core/recovery/cancel-jobs.ts";
import { forSelected, type SelectedDeps } from "../shared/for-selected.ts";
import type { Lines } from "../shared/lines.ts";
import { Outcomes } from "../shared/outcomes.ts";
import type { Selection } from "../shared/selection.ts";
import { toldEvents } from "../shared/told-events.ts";
import { plural } from "../shared/words.ts";

/** How long the record of a cancelled job stays: longer than any message of it does in a queue (14 days). */
const RECORD_RETENTION_MS = 30 * 24 * 3_600_000;

const OUTCOMES = ["cancelled", "ended", "selected", "unreadable"] as const satisfies readonly CancelOutcome[];

/** Whatever stops it, what is cancelled stays so, and the same command goes on with the rest. */
export async function cancel(args: Selection, { print, tell }: Lines, deps: SelectedDeps): Promise<void> {
  const { clock } = deps;
  const isDryRun = args.dryRun === true;
  const outcomes = new Outcomes<CancelOutcome>(OUTCOMES, args.json === true, print);
  const cancelling = {
    clock,
    items: deps.tableOf((await deps.addressesOf(args.stack)).table).items,
    random: systemRandom,
    telemetry: toldEvents(tell, clock),
    settings: { recordRetentionMs: RECORD_RETENTION_MS },
  };
  const isWholeBatch = args.of === "batch" && args.host === undefined && args.work === undefined;
  // First, since the rest takes a while: what is sent of it finds that its job has ended.
  const isStopped = isWholeBatch && !isDryRun && (await stopSending(cancelling, args.batch));
  const notes = await forSelected(
    args,
    {
      found: async (job, item) => outcomes.tell(job, await cancelFound(cancelling, item, isDryRun)),
      unbegun: async (job, message) =>
        outcomes.tell(job, isDryRun ? "selected" : await cancelMessage(cancelling, message)),
      inBatch: async (batch, files, isSelected) =>
        cancelBatch({ ...cancelling, files }, batch, {
          isDryRun,
          isSelected,
          onLine: ({ job_id: jobId, url }, outcome) => outcomes.tell({ jobId, url }, outcome),
        }),
    },
    deps,
  );
  const { counts } = outcomes;
  const done = isDryRun
    ? `${plural(counts.selected, "job")} would be cancelled. Nothing was changed.`
    : `${plural(counts.cancelled, "job")} cancelled.`;
  const ended = counts.ended === 0 ? [] : [`${plural(counts.ended, "job")} had ended before.`];
  const stopped = isStopped ? ["The list was still being sent. The rest of it is not."] : [];
  outcomes.end([done, ...ended, ...stopped, ...notes]);
  if (counts.unreadable > 0)
    throw new Error(
      `${plural(counts.unreadable, "record")} cannot be read, so nothing was cancelled there. \`jobs\` says why; a newer release may read them.`,
    );
}
