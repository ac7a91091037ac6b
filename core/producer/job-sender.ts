import { LARGEST_BATCH } from "../model/message.ts";
import { checkJob, type CheckedJob } from "./check-job.ts";
import { InvalidJobError, NotSentError } from "./errors.ts";
import type { BatchAnswer, Job, RefusedJob, SendBatch } from "./job.ts";
import { refusalOfEntry, refusalOfRequest, type Refusal } from "./refusals.ts";

/** Of all messages of a request together: 1 MiB. */
const LARGEST_REQUEST_BYTES = 1_048_576;
const MOST_IN_FLIGHT = 256;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 20_000;

export interface SenderOptions {
  readonly sendBatch: SendBatch;
  /** Requests at a time, 1 to 256. Default: 8. */
  readonly batchesInFlight?: number | undefined;
  /** Times that a message is tried. Between 10 of them lie 23 to 46 s. Default: 10. */
  readonly attempts?: number | undefined;
  /** How long a batch waits to become full, in ms. Default: 100. */
  readonly lingerMs?: number | undefined;
  /** Called for each job that the queue has not taken. Without it, the next `send` or `flush` rejects. */
  readonly onRefused?: ((refused: RefusedJob) => void) | undefined;
}

export interface SenderSurroundings {
  readonly sleep: (ms: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** How a job of `sendAll` ended: the queue has it, unless there is an error. */
export interface Sent {
  /** Of the job among those of the call, from 0. */
  readonly index: number;
  readonly job: Job;
  /** Undefined: the job is not valid. */
  readonly job_id: string | undefined;
  readonly error: InvalidJobError | NotSentError | undefined;
}

interface Waiting extends CheckedJob {
  readonly onEnd: (refusal: Refusal | undefined) => void;
}

/** Sends jobs to the work queue, in full batches, some of them at a time. What is refused for now is sent again. */
export class JobSender {
  readonly #sendBatch: SendBatch;
  readonly #batchesInFlight: number;
  readonly #attempts: number;
  readonly #lingerMs: number;
  readonly #onRefused: (refused: RefusedJob) => void;
  readonly #surroundings: SenderSurroundings;
  /** The batch that becomes full. */
  #open: Waiting[] = [];
  /** By which a timer knows it. A timer that held the batch itself would keep what was sent in memory. */
  #openNumber = 0;
  #openBytes = 0;
  readonly #inFlight = new Set<Promise<void>>();
  #refused: RefusedJob[] = [];
  /** Settles when all earlier calls have had their turn, so that jobs are sent in their order. */
  #turn: Promise<void> = Promise.resolve();
  /** Calls that have not had theirs. */
  #turns = 0;

  constructor(options: SenderOptions, surroundings: SenderSurroundings) {
    this.#sendBatch = options.sendBatch;
    this.#batchesInFlight = chosen("batchesInFlight", options.batchesInFlight ?? 8, 1, MOST_IN_FLIGHT);
    this.#attempts = chosen("attempts", options.attempts ?? 10, 1, 1000);
    this.#lingerMs = chosen("lingerMs", options.lingerMs ?? 100, 0, 60_000);
    this.#onRefused = options.onRefused ?? ((refused) => void this.#refused.push(refused));
    this.#surroundings = surroundings;
  }

  /**
   * Takes a job, once there is room for it. It is sent with its batch: `flush` says whether the queue has it.
   * @returns the job's id.
   * @throws InvalidJobError; NotSentError if the queue refused earlier jobs, and then this one was not taken either.
   */
  async send(job: Job): Promise<string> {
    const checked = checkJob(job);
    const { job_id } = checked;
    const onEnd = (refusal: Refusal | undefined): void => {
      if (refusal) this.#onRefused({ job, job_id, code: refusal.code, message: refusal.message });
    };
    this.#throwRefused();
    await this.#take({ ...checked, onEnd });
    return job_id;
  }

  /** Waits until the queue has every job that was taken. @throws NotSentError with those that it has not. */
  async flush(): Promise<void> {
    await this.#settle();
    this.#throwRefused();
  }

  /**
   * Sends all jobs and yields how each of them ended, as the queue's answers come. No job is taken while the loop over
   * it does not ask for more. Leaving the loop waits for what was taken.
   */
  async *sendAll(jobs: Iterable<Job> | AsyncIterable<Job>): AsyncGenerator<Sent, void> {
    const ended: Sent[] = [];
    let next = 0;
    try {
      for await (const job of jobs) {
        const index = next++;
        const checked = checkedOrError(job);
        if (checked instanceof InvalidJobError) ended.push({ index, job, job_id: undefined, error: checked });
        else {
          const { job_id } = checked;
          const onEnd = (refusal: Refusal | undefined): void => {
            const error = refusal && new NotSentError([{ job, job_id, code: refusal.code, message: refusal.message }]);
            ended.push({ index, job, job_id, error });
          };
          await this.#take({ ...checked, onEnd });
        }
        if (ended.length > 0) yield* ended.splice(0);
      }
    } finally {
      await this.#settle();
    }
    yield* ended;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turns += 1;
    const mine = this.#turn.then(work).finally(() => (this.#turns -= 1));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #take(job: Waiting): Promise<void> {
    // Most jobs neither fill a batch nor come after one that waits: for them a turn would be half of the cost.
    if (this.#turns === 0 && this.#open.length + 1 < LARGEST_BATCH && this.#hasRoomFor(job)) this.#add(job);
    else
      await this.#inTurn(async () => {
        if (!this.#hasRoomFor(job)) await this.#launch();
        this.#add(job);
        if (this.#open.length === LARGEST_BATCH) await this.#launch();
      });
  }

  #hasRoomFor(job: Waiting): boolean {
    return this.#openBytes + bytesOf(job) <= LARGEST_REQUEST_BYTES;
  }

  #add(job: Waiting): void {
    this.#open.push(job);
    this.#openBytes += bytesOf(job);
    if (this.#open.length === 1) void this.#launchLater(this.#openNumber);
  }

  async #launchLater(number: number): Promise<void> {
    await this.#surroundings.sleep(this.#lingerMs);
    await this.#inTurn(async () => {
      if (this.#openNumber === number) await this.#launch();
    });
  }

  /** Sends the open batch, once there are fewer than so many in flight. */
  async #launch(): Promise<void> {
    const batch = this.#open;
    if (batch.length === 0) return;
    while (this.#inFlight.size >= this.#batchesInFlight) await Promise.race(this.#inFlight);
    this.#open = [];
    this.#openNumber += 1;
    this.#openBytes = 0;
    const flight = this.#fly(batch).finally(() => this.#inFlight.delete(flight));
    this.#inFlight.add(flight);
  }

  async #fly(batch: readonly Waiting[]): Promise<void> {
    let left = batch;
    for (let attempt = 1; left.length > 0; attempt++) {
      if (attempt > 1) await this.#surroundings.sleep(this.#waitMs(attempt));
      const refusals = await this.#sendOnce(left);
      const again: Waiting[] = [];
      for (const [index, job] of left.entries()) {
        const refusal = refusals.get(index);
        if (refusal?.mayPass === true && attempt < this.#attempts) again.push(job);
        else job.onEnd(refusal);
      }
      left = again;
    }
  }

  /** @returns what the queue has not taken, by its place. */
  async #sendOnce(jobs: readonly Waiting[]): Promise<ReadonlyMap<number, Refusal>> {
    const entries = jobs.map(({ body, group }, index) => ({
      Id: String(index),
      MessageBody: body,
      MessageGroupId: group,
    }));
    try {
      const { Failed = [], Successful = [] }: BatchAnswer = await this.#sendBatch(entries);
      const taken = new Set(Successful.map(({ Id }) => Id));
      const refused = entries.filter(({ Id }) => !taken.has(Id));
      return new Map(refused.map(({ Id }) => [Number(Id), refusalOfEntry(Failed.find((each) => each.Id === Id))]));
    } catch (error) {
      return new Map(jobs.map((_job, index) => [index, refusalOfRequest(error)]));
    }
  }

  /** Before the second attempt 50 to 100 ms, then twice as long each time. */
  #waitMs(attempt: number): number {
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 2));
    return (longest * (1 + this.#surroundings.random())) / 2;
  }

  async #settle(): Promise<void> {
    await this.#inTurn(async () => this.#launch());
    await Promise.all(this.#inFlight);
  }

  #throwRefused(): void {
    if (this.#refused.length > 0) throw new NotSentError(this.#refused.splice(0));
  }
}

/** Both are ASCII. */
const bytesOf = ({ body, group }: CheckedJob): number => body.length + group.length;

function checkedOrError(job: Job): CheckedJob | InvalidJobError {
  try {
    return checkJob(job);
  } catch (error) {
    if (error instanceof InvalidJobError) return error;
    throw error;
  }
}

function chosen(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}.`);
}
