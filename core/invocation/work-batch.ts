import type { Inbox } from "../ports/queue.ts";
import { deliver, type Delivery, type Verdict } from "../worker/deliver.ts";
import { regroup } from "./regroup.ts";
import { Slots, type SlotLimits } from "./slots.ts";
import type { WorkerDeps } from "../worker/worker-deps.ts";

/** A delivery that takes longer than most holds the batch, even if its origin sends on and on. */
const HELD_FROM_MS = 2_000;
/** How long a queue without messages is left alone. */
const EMPTY_MS = 1_000;
/**
 * Memory and sockets of an invocation: of ten slots, forty deliveries, of which at least thirty wait for origins. Sick
 * files cost healthy ones 0.1 of their time less than with a laptop's `quietMs`, and nobody has said how many downloads
 * there may be at a time.
 */
const LIMITS: SlotLimits = { quietMs: 500, mostPerSlot: 4 };
/** No further message is taken when so much of the invocation's time is left: each may need its time-outs. */
const TAKES_UNTIL = 2 / 3;

export interface Batch {
  readonly deliveries: readonly Delivery[];
  /** Deliveries at a time that make progress. */
  readonly slots: number;
  /** Where further messages come from. Undefined: there are none. */
  readonly inbox: Inbox | undefined;
  /** Until the invocation must end. */
  readonly workMs: number;
  readonly outOfTime: AbortSignal;
}

/**
 * Works on the batch of an invocation, and on further messages for as long as one of them holds it. Otherwise all slots
 * but one would wait until the slowest job has ended, be it for an origin that says nothing.
 * @returns the ids of the batch's own messages that must come back.
 */
export async function workBatch(deps: WorkerDeps, batch: Batch): Promise<ReadonlySet<string>> {
  const work = new BatchWork(deps, batch);
  await work.run();
  return work.returned;
}

class BatchWork {
  readonly returned = new Set<string>();
  readonly #deps: WorkerDeps;
  readonly #batch: Batch;
  readonly #slots: Slots;
  /** Receipts of the batch's messages. */
  readonly #own: ReadonlySet<string>;
  /** Not begun so far. */
  readonly #waiting: Delivery[] = [];
  /** Under way, with when they began. */
  readonly #begunMs = new Map<Promise<void>, number>();
  /** Of further messages that are done. */
  #receipts: string[] = [];
  readonly #takesUntilMs: number;
  #emptyUntilMs = 0;

  constructor(deps: WorkerDeps, batch: Batch) {
    this.#deps = deps;
    this.#batch = batch;
    this.#slots = new Slots(deps.clock, batch.slots, LIMITS);
    this.#own = new Set(batch.deliveries.map(({ receiptHandle }) => receiptHandle));
    this.#takesUntilMs = deps.clock.nowMs() + batch.workMs * TAKES_UNTIL;
  }

  async run(): Promise<void> {
    await this.#await(this.#batch.deliveries);
    for (;;) {
      while (this.#waiting.length > 0 && this.#slots.free > 0) this.#begin(this.#waiting.shift());
      if (this.#begunMs.size === 0) break;
      const takesMs = this.#takesInMs();
      if (takesMs === 0) await this.#take();
      else await this.#changed(takesMs);
    }
    await this.#forget();
  }

  async #await(deliveries: readonly Delivery[]): Promise<void> {
    const again = this.#batch.outOfTime.aborted ? new Set() : await regroup(this.#deps, deliveries);
    for (const delivery of deliveries)
      if (again.has(delivery)) this.#ended(delivery, "acknowledge");
      else this.#waiting.push(delivery);
  }

  #begin(delivery: Delivery | undefined): void {
    if (!delivery) return;
    const slot = this.#slots.begin("");
    const work = deliver(slot.watch.watched(this.#deps), delivery, this.#batch.outOfTime).then((verdict) => {
      slot.end();
      this.#begunMs.delete(work);
      return this.#ended(delivery, verdict);
    });
    this.#begunMs.set(work, this.#deps.clock.nowMs());
  }

  #ended({ messageId, receiptHandle }: Delivery, verdict: Verdict): void {
    const isOwn = this.#own.has(receiptHandle);
    if (verdict === "return") {
      if (isOwn) this.returned.add(messageId);
    } else if (!isOwn) this.#receipts.push(receiptHandle);
  }

  /** In how long a further message may be taken. Infinity: when something has changed. */
  #takesInMs(): number {
    const { clock } = this.#deps;
    const { inbox, outOfTime } = this.#batch;
    const nowMs = clock.nowMs();
    if (!inbox || outOfTime.aborted || this.#slots.free === 0 || this.#waiting.length > 0) return Infinity;
    const heldMs = this.#slots.hasQuiet ? 0 : Math.min(...this.#begunMs.values()) + HELD_FROM_MS;
    const atMs = Math.max(heldMs, this.#emptyUntilMs, nowMs);
    return atMs < this.#takesUntilMs ? atMs - nowMs : Infinity;
  }

  async #take(): Promise<void> {
    const { inbox } = this.#batch;
    await this.#forget();
    const taken = (await inbox?.receive(this.#slots.free).catch(() => undefined)) ?? [];
    if (taken.length === 0) this.#emptyUntilMs = this.#deps.clock.nowMs() + EMPTY_MS;
    await this.#await(taken);
  }

  /** What is not deleted comes back, and finds its job as it is. */
  async #forget(): Promise<void> {
    const receipts = this.#receipts;
    this.#receipts = [];
    if (receipts.length > 0) await this.#batch.inbox?.delete(receipts).catch(() => undefined);
  }

  async #changed(mostMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopTimer = mostMs === Infinity ? undefined : this.#deps.clock.after(mostMs, resolve);
    await Promise.race([promise, this.#slots.changed(), ...this.#begunMs.keys()]);
    stopTimer?.();
  }
}
