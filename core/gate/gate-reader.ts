import { gateAdmits, type Gate } from "./gate.ts";
import { GATE_KEY, gatePercentOf } from "./gate-document.ts";
import type { Items } from "../ports/items.ts";
import type { Clock } from "../ports/runtime.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { isWithin, within } from "./within.ts";

/** For so long one read of the document serves all jobs of a worker. */
export const GATE_FRESH_MS = 15_000;
/** A read that takes longer has failed. */
export const GATE_READ_TIMEOUT_MS = 5_000;
/** After a read that failed. */
export const GATE_READ_PAUSE_MS = 1_000;
/** An older answer lets nobody in: this, by the worker's clock, is how long `off` can take. */
export const GATE_TRUSTED_MS = 30_000;

/** The gate as the document in the table has it. */
export interface GateDocumentPort {
  /** @throws GateUnknownError when nobody can tell: the message comes back. */
  admits(jobId: string): Promise<boolean>;
}

class GateUnknownError extends Error {
  override readonly name = "GateUnknownError";

  constructor() {
    super(
      `the gate document ${GATE_KEY} cannot be read; look at the table, or set DOCSTOKG_ENABLE_IDEMPOTENCY to false`,
    );
  }
}

interface GateReaderDeps {
  readonly clock: Clock;
  readonly items: Items;
  readonly telemetry: Telemetry;
}

/** One a worker process. An answer counts from when it was asked for: whatever was written before that, it knows. */
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
      telemetry.log("warn", "the gate cannot be read; the last answer counts for a while", {}, error);
    }
  }
}
