/** Ends all jobs of a batch that are still open, and those that have not begun. */
import { cancelFound, cancelMessage, type CancelDeps, type CancelOutcome } from "../recovery/cancel-jobs.ts";
import { inLanes } from "../recovery/in-lanes.ts";
import type { BatchFiles } from "../ports/batch-files.ts";
import type { Items } from "../ports/items.ts";
import { isUnbegun, jobOf, jobsOf } from "./batch-jobs.ts";
import { linesKey, type MessageLine, messageOfLine, readMessages } from "./batch-lines.ts";
import type { BatchRecord } from "./batch-record.ts";

/** Writes at a time. */
const LANES = 32;

interface BatchCancelDeps extends CancelDeps {
  readonly items: CancelDeps["items"] & Pick<Items, "readMany">;
  readonly files: BatchFiles;
}

export interface BatchCancelRequest {
  readonly isDryRun: boolean;
  readonly isSelected?: (line: MessageLine) => boolean;
  /** Called once for each line. */
  readonly onLine: (line: MessageLine, outcome: CancelOutcome) => void;
}

/**
 * The last lines first: the queue hands out the first ones earlier. If this is stopped, what is cancelled stays so, and
 * the next run goes on. Of two lines that are the same job, the second one finds that it has ended.
 * @throws DamagedBatchError if the lines cannot be read.
 */
export async function cancelBatch(
  deps: BatchCancelDeps,
  batch: Pick<BatchRecord, "files" | "id" | "phase">,
  { isDryRun, isSelected = () => true, onLine }: BatchCancelRequest,
): Promise<void> {
  for (let file = batch.files - 1; file >= 0; file--) {
    const lines = ((await readMessages(deps.files, batch.id, file)) ?? []).filter(isSelected);
    const jobs = await jobsOf(deps.items, lines);
    const left = lines.toReversed().values();
    await inLanes(LANES, async () => {
      for (const line of left) {
        const item = jobOf(jobs, line);
        const cancelUnbegun = async () => cancelMessage(deps, messageOfLine(line, linesKey(batch.id, file)));
        if (item) onLine(line, await cancelFound(deps, item, isDryRun));
        else if (!isUnbegun(item, batch)) onLine(line, "ended");
        else onLine(line, isDryRun ? "selected" : await cancelUnbegun());
      }
    });
  }
}
