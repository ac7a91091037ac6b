import type { SimulationOptions } from "../scenarios/scenario.ts";
import { isAffected } from "../services/lasting.ts";
import { healingMs, INVOCATION_MS, ORPHAN_AGE_MS } from "../services/settings.ts";

type Options = Pick<SimulationOptions, "attemptMs" | "skewMs" | "clocksDifferMs" | "lasting" | "lastingAttempts">;

/** By when everything must be in order again. */
export class Deadline {
  readonly #options: Options;
  readonly #lowestGate: () => number;
  readonly #startMs: number;

  constructor(options: Options, lowestGate: () => number, startMs: number) {
    this.#options = options;
    this.#lowestGate = lowestGate;
    this.#startMs = startMs;
  }

  /** The longest time to heal after the last fault that strikes a single call, in ms. */
  patienceMs(): number {
    const { attemptMs = 2 * INVOCATION_MS } = this.#options;
    return healingMs(attemptMs, this.#clocksDifferMs()) + (this.#lowestGate() < 100 ? ORPHAN_AGE_MS : 0);
  }

  /**
   * The jobs that may still be open after that because of a failure that stays.
   * @param faultsEndMs when the last fault that strikes a single call was over.
   * @returns undefined once no job may be open.
   */
  excusedAt(nowMs: number, faultsEndMs: number): ((jobId: string) => boolean) | undefined {
    const { attemptMs = 0, lasting, lastingAttempts = 0 } = this.#options;
    if (!lasting) return undefined;
    const shardEndMs = lasting.kind === "shard" ? this.#startMs + lasting.forMs : 0;
    // Each attempt may wait until the clock of another process is past its time.
    const lastingMs = lastingAttempts * (attemptMs + this.#clocksDifferMs());
    if (nowMs > Math.max(faultsEndMs, shardEndMs) + this.patienceMs() + lastingMs) return undefined;
    return (jobId) => isAffected(lasting, jobId);
  }

  #clocksDifferMs(): number {
    const { skewMs, clocksDifferMs = () => (skewMs ? 600_000 : 0) } = this.#options;
    return clocksDifferMs();
  }
}
