import { gateAdmits, type Gate } from "./gate.ts";
import { GATE_KEY, gatePercentOf } from "./gate-document.ts";
import type { Items } from "../ports/items.ts";
import type { Clock } from "../ports/runtime.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { isWithin, within } from "./within.ts";

/** How long one read of the document serves all jobs of a worker. */
export const GATE_FRESH_MS = 15_000;
/** A read that takes longer counts as failed. */
export const GATE_READ_TIMEOUT_MS = 5_000;
/** How long after a failed read the next one is tried. */
export const GATE_READ_PAUSE_MS = 1_000;
/** An older answer admits no job. So this is the longest time, by the worker's clock, until `off` takes effect. */
export const GATE_TRUSTED_MS = 30_000;

/** What the gate document in the table says. */
export interface GateDocumentPort {
  /** @throws GateUnknownError when the document cannot be read: the message then comes back. */
  admits(jobId: string): Promise<boolean>;
}

class GateUnknownError extends Error {
  override readonly name = "GateUnknownError";

  constructor() {
    super(
      `The gate document ${GATE_KEY} cannot be read. Check the table, or set DOCSTOKG_ENABLE_IDEMPOTENCY to false.`,
    );
  }
}

interface GateReaderDeps {
  readonly clock: Clock;
  readonly items: Items;
  readonly telemetry: Telemetry;
}

/** One per worker process. An answer's age counts from when the read began: it includes all writes before that. */
export class GateReader implements GateDocumentPort {
  readonly #deps: GateReaderDeps;
  #known: { readonly percent: Gate; readonly askedAtMs: number } | undefined;
  #reading: Promise<void> | undefined;
  #failedAtMs: number | undefined;

  constructor(deps: GateReaderDeps) {
    this.#deps = deps;
  }

  async admits(jobId: string): Promise<boolean> {
    if (!this.#isKnownFor(GATE_FRESH_MS)) await this.#refresh();
    if (!this.#known) throw new GateUnknownError();
    if (!gateAdmits(this.#known.percent, jobId)) return false;
    if (!this.#isKnownFor(GATE_TRUSTED_MS)) throw new GateUnknownError();
    return true;
  }

  #isKnownFor(spanMs: number): boolean {
    return isWithin(this.#deps.clock, this.#known?.askedAtMs, spanMs);
  }

  async #refresh(): Promise<void> {
    if (isWithin(this.#deps.clock, this.#failedAtMs, GATE_READ_PAUSE_MS)) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { clock, items, telemetry } = this.#deps;
    const askedAtMs = clock.nowMs();
    try {
      const item = await within(clock, GATE_READ_TIMEOUT_MS, items.read(GATE_KEY));
      this.#known = { percent: item ? gatePercentOf(item) : 100, askedAtMs };
    } catch (error) {
      this.#failedAtMs = clock.nowMs();
      telemetry.log("warn", "The gate document cannot be read. The last answer is used for up to 30 s.", {}, error);
    }
  }
}
