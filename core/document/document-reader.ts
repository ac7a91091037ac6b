import type { Item } from "../model/write.ts";
import type { Items } from "../ports/items.ts";
import type { Clock } from "../ports/runtime.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { isWithin, within } from "./within.ts";

/** How long one read of a document serves all jobs of a worker. */
export const DOCUMENT_FRESH_MS = 15_000;
/** A read that takes longer counts as failed. */
export const DOCUMENT_READ_TIMEOUT_MS = 5_000;
/** How long after a failed read the next one is tried. */
export const DOCUMENT_READ_PAUSE_MS = 1_000;
/** Nothing is begun by an older answer. So this is the longest time, by the worker's clock, until a change counts. */
export const DOCUMENT_TRUSTED_MS = 30_000;

export interface DocumentReaderDeps {
  readonly clock: Clock;
  readonly items: Items;
  readonly telemetry: Telemetry;
}

interface What<T> {
  readonly key: string;
  /** What people call it, at the beginning of a sentence. */
  readonly called: string;
  /** What the item says; undefined: there is none. What it throws counts as a failed read. */
  readonly of: (item: Item | undefined) => T;
}

/**
 * One per worker process and document. An answer's age counts from when the read began: it includes all writes before
 * that.
 */
export class DocumentReader<T> {
  readonly #deps: DocumentReaderDeps;
  readonly #what: What<T>;
  #known: { readonly value: T; readonly askedAtMs: number } | undefined;
  #reading: Promise<void> | undefined;
  #failedAtMs: number | undefined;

  constructor(deps: DocumentReaderDeps, what: What<T>) {
    this.#deps = deps;
    this.#what = what;
  }

  /** The last answer, however old. Undefined: there has been none yet. */
  get known(): T | undefined {
    return this.#known?.value;
  }

  /** Whether something may be begun by the last answer. */
  get isTrusted(): boolean {
    return this.#isKnownFor(DOCUMENT_TRUSTED_MS);
  }

  /** Reads the document if the last answer is not fresh. Never throws: a failed read is logged. */
  async refresh(): Promise<void> {
    if (this.#isKnownFor(DOCUMENT_FRESH_MS)) return;
    if (isWithin(this.#deps.clock, this.#failedAtMs, DOCUMENT_READ_PAUSE_MS)) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  #isKnownFor(spanMs: number): boolean {
    return isWithin(this.#deps.clock, this.#known?.askedAtMs, spanMs);
  }

  async #read(): Promise<void> {
    const { clock, items, telemetry } = this.#deps;
    const { called, key, of } = this.#what;
    const askedAtMs = clock.nowMs();
    try {
      const item = await within(clock, DOCUMENT_READ_TIMEOUT_MS, items.read(key));
      this.#known = { value: of(item), askedAtMs };
    } catch (error) {
      this.#failedAtMs = clock.nowMs();
      telemetry.log("warn", `${called} cannot be read. The last answer is used for up to 30 s.`, {}, error);
    }
  }
}
