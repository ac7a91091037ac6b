import type { SimulationOptions } from "../scenarios/scenario.ts";
import { isAffected } from "../services/lasting.ts";
import { isOrphan } from "../services/orphans.ts";
import { healingMs, INVOCATION_MS, ORPHAN_AGE_MS, RECONCILE_EVERY_MS, REVIVED_MS } from "../services/settings.ts";

/** How long a worker may be busy with one batch of other jobs. */
const CROWDED_ATTEMPT_MS = 20_000;

type Options = Pick<
  SimulationOptions,
  | "attemptMs"
  | "skewMs"
  | "clocksDifferMs"
  | "lasting"
  | "lastingAttempts"
  | "limits"
  | "queue"
  | "scenario"
  | "workers"
>;

interface Seen {
  /** Whether a job may have left litter and has no record, or none any more. */
  hasOrphans(): boolean;
  /** Objects and unfinished uploads. */
  mostStaged(): number;
}

/** By when everything must be in order again. */
export class Deadline {
  readonly #options: Options;
  readonly #startMs: number;
  readonly #seen: Seen;

  constructor(options: Options, startMs: number, seen: Seen) {
    this.#options = options;
    this.#startMs = startMs;
    this.#seen = seen;
  }

  /** The longest time to heal after the last fault that strikes a single call, in ms. */
  patienceMs(): number {
    const { attemptMs = 2 * INVOCATION_MS } = this.#options;
    const orphanMs = this.#seen.hasOrphans() ? ORPHAN_AGE_MS : 0;
    return healingMs(attemptMs, this.#clocksDifferMs()) + orphanMs + this.#crowdMs();
  }

  /**
   * The jobs that may still be open after that because of a failure that stays, and orphans that are too young.
   * @param faultsEndMs when the last fault that strikes a single call was over.
   * @returns undefined once no job may be open.
   */
  excusedAt(nowMs: number, faultsEndMs: number): ((jobId: string) => boolean) | undefined {
    const { attemptMs = 0, lasting, lastingAttempts = 0, limits, queue } = this.#options;
    const patienceMs = this.patienceMs();
    const orphansEndMs =
      Math.max(0, ...(limits?.orphans ?? []).map(({ atMs }) => this.#startMs + atMs)) + ORPHAN_AGE_MS;
    const mayBeOrphan = nowMs <= orphansEndMs + patienceMs;
    const endsMs = lasting && "forMs" in lasting ? this.#startMs + lasting.forMs : 0;
    // Each attempt may wait until the clock of another process is past its time.
    // The job's messages may reach the age at which the queue drops them.
    const lastingMs = lastingAttempts * (attemptMs + this.#clocksDifferMs()) + (queue ? REVIVED_MS : 0);
    const mayLast = lasting !== undefined && nowMs <= Math.max(faultsEndMs, endsMs) + patienceMs + lastingMs;
    if (!mayBeOrphan && !mayLast) return undefined;
    return (jobId) => (mayBeOrphan && isOrphan(jobId)) || (mayLast && isAffected(lasting, jobId));
  }

  /**
   * What a job may have to wait for others: the runs of the reconciler that its limits need for all of them, two rounds
   * of the sweep (its place may be just behind what became litter), and the workers that are busy with the others.
   */
  #crowdMs(): number {
    const { limits, scenario, workers } = this.#options;
    if (!limits) return 0;
    const jobs = scenario.messages.length;
    const runs = Math.ceil(jobs / limits.recoverLimit) + 2 * Math.ceil(this.#seen.mostStaged() / limits.sweepLimit);
    return runs * RECONCILE_EVERY_MS + Math.floor(jobs / workers) * CROWDED_ATTEMPT_MS;
  }

  #clocksDifferMs(): number {
    const { skewMs, clocksDifferMs = () => (skewMs ? 600_000 : 0) } = this.#options;
    return clocksDifferMs();
  }
}
