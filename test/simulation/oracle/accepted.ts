import { gateAdmits } from "../../../core/gate/gate.ts";
import type { Item } from "../../../core/model/write.ts";
import type { SimulatedBlobs } from "../services/blobs.ts";
import type { GateWatch } from "./gate-watch.ts";
import { isFinished, leftovers } from "./illness.ts";
import { jobOf } from "./message-jobs.ts";
import type { SimulatedQueue } from "../services/queue.ts";

interface Services {
  readonly items: ReadonlyMap<string, Item>;
  readonly blobs: SimulatedBlobs;
  readonly queue: SimulatedQueue;
  readonly gate: GateWatch;
}

/** What was accepted for work, and what has become of it: accepted = terminal + in flight. */
export class Accepted {
  readonly #services: Services;
  readonly #jobs: readonly string[];

  constructor(bodies: readonly string[], services: Services) {
    this.#services = services;
    const keys = bodies.map((body) => jobOf(body)?.key);
    this.#jobs = [...new Set(keys.filter((key) => key !== undefined))];
  }

  get areRecorded(): boolean {
    return this.#jobs.every((key) => this.#services.items.has(key));
  }

  get areFinished(): boolean {
    return this.#jobs.every((key) => isFinished(this.#services.items.get(key)) || this.#isUnguarded(key));
  }

  /** Whether the table alone would bring the message's job back. */
  isOfRecord(body: string): boolean {
    return this.#itemOf(body) !== undefined;
  }

  isOfFinishedJob(body: string): boolean {
    const job = jobOf(body);
    if (!job) return false;
    return (job.isTracked || gateAdmits(this.#services.gate.percent, job.id)) && isFinished(this.#itemOf(body));
  }

  /**
   * A message leaves only when its job is terminal, or its record alone brings it back, or it lies with the dead.
   * @param gate at its lowest since the attempt began.
   */
  mayLeave(body: string, gate: number): boolean {
    if (this.#services.queue.deadLetters.some((letter) => letter.body === body)) return true;
    const item = this.#itemOf(body);
    const isRevivable = item?.["watch_shard"] !== undefined && item["url"] !== undefined;
    const isPlain = gate < 100 && jobOf(body) !== undefined;
    return isFinished(item) || isRevivable || isPlain;
  }

  /** What is not yet as it should be in the end. */
  illness(): readonly string[] {
    const { blobs, items, queue } = this.#services;
    const open = this.#jobs.filter((key) => !isFinished(items.get(key)));
    return [
      ...open.filter((key) => !this.#isBuried(key) && !this.#isUnguarded(key)),
      ...leftovers(items, blobs, queue),
    ];
  }

  /** A job that never got a record because its message ran out of deliveries: told, not lost. */
  #isBuried(key: string): boolean {
    const { items, queue } = this.#services;
    return !items.has(key) && queue.deadLetters.some(({ body }) => jobOf(body)?.key === key);
  }

  /** With the gate off a job has no record: that its message has left the queue is all there is to see. */
  #isUnguarded(key: string): boolean {
    return this.#services.gate.lowest < 100 && !this.#services.items.has(key);
  }

  #itemOf(body: string): Item | undefined {
    return this.#services.items.get(jobOf(body)?.key ?? "");
  }
}
