import { messageIn, readMessages } from "../batches/batch-lines.ts";
import { present } from "../model/present.ts";
import type { BatchFiles } from "../ports/batch-files.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import type { SendBatch } from "../producer/job.ts";
import { JobSender } from "../producer/job-sender.ts";
import type { HeldList } from "./held-list.ts";
import { sleepBy } from "./sleep.ts";

interface SendingDeps {
  readonly clock: Pick<Clock, "after" | "nowMs">;
  readonly random: Pick<Random, "fraction">;
  readonly files: BatchFiles;
  readonly sendBatch: SendBatch;
}

/** A queue that answers in 20 ms then takes 8,000 jobs a second. */
const REQUESTS_AT_A_TIME = 16;

/**
 * Sends the jobs of one file after the other. A crash sends those of a file again, which does no harm: they are the
 * same jobs.
 * @throws LostListError; NotSentError if the queue refuses.
 */
export async function sendJobs(deps: SendingDeps, held: HeldList, endsAtMs: number): Promise<void> {
  const { clock, files, random, sendBatch } = deps;
  const { cursor, id } = held.record;
  const sender = new JobSender(
    { batchesInFlight: REQUESTS_AT_A_TIME, sendBatch },
    { random: () => random.fraction(), sleep: sleepBy(clock) },
  );
  for (let file = held.record.filesSent; file < cursor.files; file++) {
    if (clock.nowMs() >= endsAtMs) return;
    const lines = present(await readMessages(files, id, file), "the lines of a list that was checked");
    for await (const { error } of sender.sendAll(lines.map(messageIn))) {
      if (error) throw error;
      await held.renewIfOld();
    }
    await held.save({ filesSent: file + 1 });
  }
  await held.save({ phase: "sent" });
}
