import type { EarlierEnds } from "../../local/run/earlier.ts";
import type { SettledEnd } from "../../local/run/end-store.ts";
import { isStored } from "../../local/run/outcome.ts";
import type { FileUnderWay } from "../../local/worker/messages.ts";

/** Counts a run. */
export class Tally {
  /** Jobs that ended in this run, by state. */
  readonly states = new Map<string, number>();
  /** Failed jobs, by reason. */
  readonly reasons = new Map<string, number>();
  earlier: EarlierEnds = { jobs: 0, done: 0, failed: 0, damaged: 0 };
  /** Total size of the files that were stored in this run. */
  bytes = 0;
  /** Bytes received in this run, those that were fetched again included. */
  receivedBytes = 0;
  retries = 0;
  resumedBytes = 0;
  /** Jobs that a worker held when it died. */
  takeovers = 0;
  readonly #underWay = new Map<number, readonly FileUnderWay[]>();

  ended({ outcome }: SettledEnd): void {
    increment(this.states, outcome.state);
    if (isStored(outcome)) this.bytes += outcome.bytes ?? 0;
    else increment(this.reasons, outcome.reason ?? "unknown");
    this.retries += Math.max(0, (outcome.attempts ?? 1) - 1);
    this.resumedBytes += outcome.resumed_bytes;
  }

  active(pid: number, bytes: number, files: readonly FileUnderWay[]): void {
    this.receivedBytes += bytes;
    this.#underWay.set(pid, files);
  }

  workerDied(pid: number, leases: number): void {
    this.takeovers += leases;
    this.#underWay.delete(pid);
  }

  /** Distinct jobs of the list, as far as it is known. */
  get jobs(): number {
    return this.earlier.jobs;
  }

  /** Jobs that have ended, in this run or before. */
  get done(): number {
    return this.endedNow + this.earlier.done + this.earlier.failed;
  }

  /** Jobs that have ended, by state. How an earlier run stored a job is not counted apart. */
  get allStates(): ReadonlyMap<string, number> {
    const all = new Map(this.states);
    for (const [state, count] of [
      ["INDEXED", this.earlier.done],
      ["FAILED", this.earlier.failed],
    ] as const)
      if (count > 0) all.set(state, (all.get(state) ?? 0) + count);
    return all;
  }

  get endedNow(): number {
    return [...this.states.values()].reduce((sum, count) => sum + count, 0);
  }

  get failedNow(): number {
    return this.states.get("FAILED") ?? 0;
  }

  get underWay(): readonly FileUnderWay[] {
    return [...this.#underWay.values()].flat();
  }
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
