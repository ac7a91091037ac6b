import { gateAdmits } from "../../../core/gate/gate.ts";
import { jobIdOfItemKey, jobItemKey } from "../../../core/model/keys.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import { isDispatched, unwatchedUntilMs } from "../../../core/model/waiting.ts";
import type { Item } from "../../../core/model/write.ts";
import type { SimulatedBlobs } from "../services/blobs.ts";
import type { GateWatch } from "./gate-watch.ts";
import { isFinished, leftovers } from "./leftovers.ts";
import { jobOf } from "./message-jobs.ts";
import type { SimulatedQueue } from "../services/queue.ts";

interface Services {
  readonly items: ReadonlyMap<string, Item>;
  readonly blobs: SimulatedBlobs;
  readonly queue: SimulatedQueue;
  readonly gate: GateWatch;
}

/** The jobs of all accepted messages, and what became of them: accepted = terminal + in flight. */
export class Accepted {
  readonly #services: Services;
  readonly #jobs: readonly string[];
  /** Jobs that had ended when their records were removed. */
  readonly #expired = new Set<string>();

  constructor(bodies: readonly string[], services: Services) {
    this.#services = services;
    const keys = bodies.map((body) => jobOf(body)?.key);
    this.#jobs = [...new Set(keys.filter((key) => key !== undefined))];
  }

  /** A finished job's record is removed when its time is up. A later message is a new job. */
  expire(key: string): void {
    this.#expired.add(key);
  }

  get expired(): number {
    return this.#expired.size;
  }

  get areRecorded(): boolean {
    return this.#jobs.every((key) => this.#services.items.has(key));
  }

  /** Whether the reconciler finds all jobs that are not finished. */
  get areWatched(): boolean {
    return this.#jobs.every((key) => this.#isEnded(key) || this.#services.items.get(key)?.["watch_at"] !== undefined);
  }

  get areFinished(): boolean {
    return this.#jobs.every((key) => this.#isEnded(key) || this.#isUnguarded(key));
  }

  /**
   * Whether the table alone brings the message's job back, or need not: the queue may lose the message then. Not while
   * a worker looks at the message of a finished job, whose record may just expire: then it is the message of a new job.
   */
  isInTable(body: string, isInFlight: boolean): boolean {
    const item = this.#itemOf(body);
    const isOnly = item !== undefined && isDispatched(JSON.parse(body) as JobMessage, item);
    return (isFinished(item) && !isInFlight) || (item?.["watch_at"] !== undefined && !isOnly);
  }

  /** Whether somebody has held the message's job whom nobody watches: only messages bring it back. */
  isUnwatched(body: string): boolean {
    const item = this.#itemOf(body);
    return item !== undefined && unwatchedUntilMs(item) !== undefined;
  }

  /** When the wait of the message's job is over. Undefined if it does not wait. */
  waitsUntil(body: string): number | undefined {
    const { available_at: atMs, lease_owner: owner } = this.#itemOf(body) ?? {};
    return owner === undefined && typeof atMs === "number" && atMs > 0 ? atMs : undefined;
  }

  isOfFinishedJob(body: string): boolean {
    const job = jobOf(body);
    if (!job) return false;
    return (job.isTracked || gateAdmits(this.#services.gate.percent, job.id)) && isFinished(this.#itemOf(body));
  }

  /**
   * Whether a message may leave the queue: its job is terminal, or the record alone brings the job back, or another
   * message does, or the message is in the dead-letter queue, or the job has no record and may be unguarded.
   * @param gate the lowest gate since the attempt began, in percent.
   */
  mayLeave(body: string, gate: number): boolean {
    const key = jobOf(body)?.key;
    // A new message that was sent in its place may have become a dead letter before it is acknowledged.
    const isReported = this.#services.queue.deadLetters.some(
      (letter) => letter.body === body || (key !== undefined && jobOf(letter.body)?.key === key),
    );
    if (isReported) return true;
    const item = this.#itemOf(body);
    const isRevivable = item?.["watch_at"] !== undefined && item["url"] !== undefined;
    const isUnguarded = gate < 100 && jobOf(body) !== undefined && !item;
    return isFinished(item) || isRevivable || isUnguarded || this.#isEnded(key ?? "") || this.#isSent(body);
  }

  /**
   * What must still change before the run counts as healed: open jobs, and leftovers.
   * @param isExcused jobs that do not count.
   */
  *unhealed(isExcused: (jobId: string) => boolean = () => false): Generator<string> {
    const { blobs, items, queue } = this.#services;
    for (const key of this.#jobs) {
      if (this.#isEnded(key) || isExcused(jobIdOfItemKey(key))) continue;
      if (!this.isDeadLettered(key) && !this.#isUnguarded(key)) yield key;
    }
    // What an open job has staged is its own.
    const isKept = (jobId: string): boolean => isExcused(jobId) || this.isDeadLettered(jobItemKey(jobId));
    yield* leftovers(items, blobs, queue, isKept);
  }

  /** Another message of the job is in the queue. */
  #isSent(body: string): boolean {
    const key = jobOf(body)?.key;
    return key !== undefined && this.#isInQueue(key);
  }

  #isInQueue(key: string): boolean {
    return [...this.#services.queue.messages.values()].some(({ body }) => jobOf(body)?.key === key);
  }

  get areHealed(): boolean {
    return this.unhealed().next().done === true;
  }

  #isEnded(key: string): boolean {
    const item = this.#services.items.get(key);
    return item ? isFinished(item) : this.#expired.has(key);
  }

  /**
   * A job that nobody watches and whose messages ran out of deliveries: it is reported in the dead-letter queue, not
   * lost. If the message of a job without a record grew too old in the queue, it is lost.
   */
  isDeadLettered(key: string): boolean {
    const { items, queue } = this.#services;
    const item = items.get(key);
    const isGone = (body: string): boolean => jobOf(body)?.key === key;
    if (isFinished(item) || item?.["watch_at"] !== undefined || this.#isInQueue(key)) return false;
    return queue.deadLetters.some(({ body }) => isGone(body)) || (!item && [...queue.expired].some(isGone));
  }

  /** An unguarded job has no record: the only sign of its end is that its message left the queue. */
  #isUnguarded(key: string): boolean {
    return this.#services.gate.lowest < 100 && !this.#services.items.has(key);
  }

  #itemOf(body: string): Item | undefined {
    return this.#services.items.get(jobOf(body)?.key ?? "");
  }
}
