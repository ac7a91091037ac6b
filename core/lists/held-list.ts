import type { Items } from "../ports/items.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import { decodeList, type ListRecord, writeList } from "./list-record.ts";

/** Whoever has died no longer renews it, and the next run goes on. */
const LEASE_MS = 120_000;
const RENEWED_AFTER_MS = 30_000;

/** Another run has the list now. There is nothing left to do. */
export class LostListError extends Error {
  override readonly name = "LostListError";

  constructor({ id }: ListRecord) {
    super(`The list ${id} is expanded by another run. Nothing needs to be done.`);
  }
}

type Step = Partial<Pick<ListRecord, "cursor" | "filesSent" | "phase" | "reason">>;

interface HoldingDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Pick<Random, "uniqueId">;
  readonly items: Pick<Items, "write">;
}

/** A list, and the lease on it. Every write renews the lease, and is refused to whoever has lost it. */
export class HeldList {
  readonly #deps: HoldingDeps;
  #record: ListRecord;

  /** @throws LostListError */
  static async take(deps: HoldingDeps, seen: ListRecord): Promise<HeldList> {
    const held = new HeldList(deps, seen);
    await held.save({});
    return held;
  }

  private constructor(deps: HoldingDeps, seen: ListRecord) {
    this.#deps = deps;
    this.#record = seen;
  }

  get record(): ListRecord {
    return this.#record;
  }

  /** @throws LostListError */
  async save(step: Step): Promise<void> {
    await this.#write({ ...this.#record, ...step, watchAtMs: this.#deps.clock.nowMs() + LEASE_MS });
  }

  /** Keeps the lease through work that saves nothing for long. @throws LostListError */
  async renewIfOld(): Promise<void> {
    const leftMs = (this.#record.watchAtMs ?? 0) - this.#deps.clock.nowMs();
    if (leftMs < LEASE_MS - RENEWED_AFTER_MS) await this.save({});
  }

  /** Leaves the list to the next run, which need not wait for the lease to end. @throws LostListError */
  async leave(): Promise<void> {
    await this.#write({ ...this.#record, watchAtMs: this.#deps.clock.nowMs() });
  }

  /** Nothing is left to do. @throws LostListError */
  async end(step: Step = {}): Promise<void> {
    const { watchAtMs: _lease, ...record } = this.#record;
    await this.#write({ ...record, ...step });
  }

  async #write(next: ListRecord): Promise<void> {
    const by = this.#deps.random.uniqueId();
    const { applied, item } = await this.#deps.items.write(writeList(this.#record, next, by));
    if (!item || (!applied && item["by"] !== by)) throw new LostListError(this.#record);
    this.#record = decodeList(item);
  }
}
