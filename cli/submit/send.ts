import { NotSentError } from "../../core/producer/errors.ts";
import type { Job, RefusedJob, SendBatch } from "../../core/producer/job.ts";
import { JobSender } from "../../core/producer/job-sender.ts";
import type { Line } from "../../core/lists/list-line.ts";
import { LowWaterMark } from "./low-water-mark.ts";

/** Requests at a time. A queue that answers in 20 ms then takes 8,000 jobs a second. */
const REQUESTS_AT_A_TIME = 16;
const SAVE_EVERY_JOBS = 500;
/** What may be sent twice after a crash: then the sending waits for a disk that is slow to save. */
const MOST_UNSAVED_JOBS = 2_000;

export interface Sending {
  readonly sendBatch: SendBatch;
  /** So many jobs at the list's beginning are in the queue already. */
  readonly from: number;
  /** Makes it last that so many jobs at the list's beginning are in the queue. */
  readonly save: (sent: number) => Promise<void>;
  /** Told of each new number of jobs that the queue has. */
  readonly onSent: (sent: number) => void;
  /** Stops the sending: what is in flight ends, and nothing else begins. */
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** Ends early when the signal is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Sent {
  /** So many jobs at the list's beginning are in the queue. */
  readonly mark: number;
  /** Jobs that were sent now. */
  readonly count: number;
  /** The first job that the queue did not take, if there is one. Nothing else was begun after it. */
  readonly refused: RefusedJob | undefined;
}

/** Sends the jobs of a list to a queue. Whenever it ends, and however, what was saved is in the queue. */
export async function send(batches: AsyncIterable<readonly Line[]>, sending: Sending): Promise<Sent> {
  const { from, onSent, random, save, sendBatch, signal, sleep } = sending;
  const stop = new AbortController();
  const isStopped = (): boolean => signal.aborted || stop.signal.aborted;
  const sender = new JobSender(
    {
      batchesInFlight: REQUESTS_AT_A_TIME,
      async sendBatch(entries) {
        signal.throwIfAborted();
        return sendBatch(entries);
      },
    },
    { random, sleep },
  );
  const water = new LowWaterMark(from);
  const saver = new Saver(from, save);
  let count = 0;
  let refused: RefusedJob | undefined;
  for await (const { error, index } of sender.sendAll(jobsFrom(batches, from, isStopped))) {
    if (error instanceof NotSentError) {
      refused ??= error.refused[0];
      stop.abort();
    } else if (error) throw error;
    else {
      count += 1;
      water.ended(from + index);
      onSent(from + count);
      saver.reached(water.mark);
      if (from + index - saver.saved >= MOST_UNSAVED_JOBS) await saver.idle();
    }
    if (saver.trouble !== undefined) break;
  }
  await saver.finish(water.mark);
  return { mark: water.mark, count, refused: signal.aborted ? undefined : refused };
}

async function* jobsFrom(
  batches: AsyncIterable<readonly Line[]>,
  from: number,
  isStopped: () => boolean,
): AsyncGenerator<Job> {
  let index = 0;
  for await (const lines of batches) {
    if (isStopped()) return;
    for (const line of lines) {
      if ("problems" in line) continue;
      if (index++ < from) continue;
      if (isStopped()) return;
      yield line.job;
    }
  }
}

/** Saves the mark now and then, one at a time, while the sending goes on. */
class Saver {
  readonly #save: (sent: number) => Promise<void>;
  saved: number;
  #saving: Promise<void> | undefined;
  /** What the last save threw. */
  trouble: unknown;

  constructor(saved: number, save: (sent: number) => Promise<void>) {
    this.saved = saved;
    this.#save = save;
  }

  reached(mark: number): void {
    if (this.#saving || mark - this.saved < SAVE_EVERY_JOBS) return;
    this.#saving = this.#save(mark)
      .then(() => void (this.saved = mark))
      .catch((error: unknown) => void (this.trouble = error))
      .finally(() => (this.#saving = undefined));
  }

  async idle(): Promise<void> {
    await this.#saving;
  }

  /** @throws what a save threw. */
  async finish(mark: number): Promise<void> {
    await this.#saving;
    if (this.trouble !== undefined) throw this.trouble;
    if (mark > this.saved) await this.#save(mark);
  }
}
