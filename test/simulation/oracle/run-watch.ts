import type { OutgoingMessage } from "../../../core/model/message.ts";
import { isPoisonKey } from "../services/lasting.ts";
import type { Item } from "../../../core/model/write.ts";
import { isParked } from "../../../core/model/waiting.ts";
import type { Limits } from "../services/limits.ts";
import { isLong } from "./lane-watch.ts";
import { jobOf } from "./message-jobs.ts";
import { Violation } from "./violation.ts";

/** The SDK repeats a request whose answer was lost, which is no fault that spoils a run. */
const UNCOUNTED = 1;

/** Such a message is sent before the job's watch ends. Meanwhile, another may have leased the job. */
const dispatchedFor = (body: string): unknown => JSON.parse(body).dispatched_for;

/** What one run of the reconciler must do, and no more than that. */
export class RunWatch {
  readonly #limits: Pick<Limits, "recoverLimit" | "sweepLimit">;
  readonly #swept = new Set<string>();
  /** By process: jobs recovered. */
  readonly #recovered = new Map<string, number>();
  /** By `process jobKey`: the reconciler that has recovered the job and has not yet sent its message. */
  readonly #owed = new Map<string, string>();

  /** By `process jobKey`: the reconciler recovered the job, which was this. */
  readonly #revived = new Map<string, Item>();
  readonly #items: ReadonlyMap<string, Item>;

  constructor(limits: Pick<Limits, "recoverLimit" | "sweepLimit">, items: ReadonlyMap<string, Item>) {
    this.#limits = limits;
    this.#items = items;
  }

  /** Only recovery raises the fence without taking a lease. A dispatch ends the parking. */
  wrote(process: string, key: string, before: Item | undefined, after: Item): void {
    if (!process.startsWith("reconciler") || !before) return;
    const isDispatch = isParked(before) && after["watch_at"] !== undefined && !isParked(after);
    if (before["fence"] === after["fence"] && !isDispatch) return;
    if (after["watch_shard"] === undefined || isPoisonKey(key)) return;
    this.#owed.set(`${process} ${key}`, process);
    this.#revived.set(`${process} ${key}`, after);
    this.#recovered.set(process, (this.#recovered.get(process) ?? 0) + 1);
  }

  /** @throws Violation for a message to a job that the reconciler did not recover or dispatch, or to the wrong lane. */
  sent(process: string, { body, lane }: OutgoingMessage): void {
    const key = jobOf(body)?.key ?? "";
    const job = `${process} ${key}`;
    const item = this.#revived.get(job) ?? (dispatchedFor(body) === undefined ? undefined : this.#items.get(key));
    if (!item) throw new Violation(`${process} sent ${body}, but has not recovered its job`);
    // A dispatch that was sent long ago may arrive when the job has been leased, and handed over.
    const isStale = !this.#revived.has(job) && item["available_at"] !== dispatchedFor(body);
    if (!isStale && isLong(item) !== (lane === "long"))
      throw new Violation(`${process} sent ${body} to the wrong lane`);
    this.#owed.delete(job);
  }

  /** @throws Violation beyond the limit of one run. */
  swept(process: string, limit: number): void {
    this.#swept.add(process);
    if (limit > this.#limits.sweepLimit)
      throw new Violation(`${process} looked at ${limit} things in staging; its limit is ${this.#limits.sweepLimit}`);
  }

  /**
   * @throws Violation if a run that no fault disturbed has not swept, has recovered more jobs than its limit, or has
   * sent no message for one of them. What a fault spoiled does not count towards the limit.
   */
  checkEnd(process: string, isOwedChecked: boolean): void {
    if (!this.#swept.has(process)) throw new Violation(`${process} did not sweep`);
    const recovered = this.#recovered.get(process) ?? 0;
    if (recovered > this.#limits.recoverLimit + UNCOUNTED)
      throw new Violation(`${process} recovered ${recovered} jobs; its limit is ${this.#limits.recoverLimit}`);
    if (!isOwedChecked) return;
    for (const [owed, by] of this.#owed)
      if (by === process) throw new Violation(`${owed}: the job was recovered, but no message was sent for it`);
  }
}
