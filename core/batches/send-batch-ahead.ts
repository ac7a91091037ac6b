/** Sends the messages of a batch's jobs again, to a queue that is worked off before others. */
import { LARGEST_BATCH, type OutgoingMessage, untrackedMessage } from "../model/message.ts";
import type { BatchFiles } from "../ports/batch-files.ts";
import type { Items } from "../ports/items.ts";
import type { Queue } from "../ports/queue.ts";
import type { Clock } from "../ports/runtime.ts";
import { inLanes } from "../recovery/in-lanes.ts";
import { messageAhead, type NotSent } from "../recovery/send-ahead.ts";
import { isUnbegun, jobOf, jobsOf } from "./batch-jobs.ts";
import { linesKey, type MessageLine, messageOfLine, readMessages } from "./batch-lines.ts";
import type { BatchRecord } from "./batch-record.ts";

/** Requests at a time. */
const LANES = 8;

interface BatchAheadDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly items: Pick<Items, "readMany">;
  readonly files: BatchFiles;
  readonly queue: Pick<Queue, "send">;
}

export interface BatchAheadRequest {
  readonly isDryRun: boolean;
  readonly isSelected: (line: MessageLine) => boolean;
  /** Called once for each line. */
  readonly onLine: (line: MessageLine, outcome: "sent" | "selected" | NotSent) => void;
}

interface Chosen {
  readonly line: MessageLine;
  readonly message: OutgoingMessage;
}

/**
 * The first lines first, as they were submitted. If this is stopped, what was sent is sent, and the next run sends
 * again what has not begun by then: a job's further messages change nothing.
 * @throws DamagedBatchError if the lines cannot be read.
 */
export async function sendBatchAhead(
  { clock, files, items, queue }: BatchAheadDeps,
  batch: Pick<BatchRecord, "files" | "id" | "phase">,
  { isDryRun, isSelected, onLine }: BatchAheadRequest,
): Promise<void> {
  for (let file = 0; file < batch.files; file++) {
    const lines = ((await readMessages(files, batch.id, file)) ?? []).filter(isSelected);
    const jobs = await jobsOf(items, lines);
    const nowMs = clock.nowMs();
    const chosen: Chosen[] = [];
    for (const line of lines) {
      const item = jobOf(jobs, line);
      const unbegun = () => untrackedMessage(messageOfLine(line, linesKey(batch.id, file)));
      const found = item ? messageAhead(item, nowMs) : isUnbegun(item, batch) ? unbegun() : "ended";
      if (typeof found === "string") onLine(line, found);
      else if (isDryRun) onLine(line, "selected");
      else chosen.push({ line, message: found });
    }
    await sendAll(queue, chosen, (line) => onLine(line, "sent"));
  }
}

async function sendAll(
  queue: Pick<Queue, "send">,
  chosen: readonly Chosen[],
  onSent: (line: MessageLine) => void,
): Promise<void> {
  const requests = Array.from({ length: Math.ceil(chosen.length / LARGEST_BATCH) }, (_, nth) =>
    chosen.slice(nth * LARGEST_BATCH, (nth + 1) * LARGEST_BATCH),
  ).values();
  await inLanes(LANES, async () => {
    for (const request of requests) {
      await queue.send(request.map(({ message }) => message));
      for (const { line } of request) onSent(line);
    }
  });
}
