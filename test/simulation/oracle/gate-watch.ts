import { gateAdmits, type Gate } from "../../../core/gate/gate.ts";
import { decodeGate, GATE_KEY } from "../../../core/gate/gate-document.ts";
import { changeGate, changeOf } from "../../../core/gate/gate-protocol.ts";
import { jobIdOfItemKey, jobIdOfStagingKey } from "../../../core/model/keys.ts";
import { isOfPlainPath, Violation } from "./invariants.ts";
import type { SimulatedItems } from "../services/items.ts";
import { jobOf } from "./message-jobs.ts";
import type { Boundary, Fault } from "../services/process.ts";
import type { QueuedMessage } from "../services/queue.ts";
import type { VirtualTime } from "../services/time.ts";

interface Attempt {
  readonly begunMs: number;
  /** Jobs with a record, all of whose messages were received before. */
  readonly recorded: ReadonlySet<string>;
  /** It may not have been able to read what it needs to know. */
  isExcused: boolean;
}

/** The gate's document as the schedule turns it, and what must hold of who takes which path. */
export class GateWatch {
  readonly #items: SimulatedItems;
  readonly #time: VirtualTime;
  readonly #turns: { readonly atMs: number; readonly percent: Gate }[] = [];
  readonly #attempts = new Map<string, Attempt>();

  /** Undefined: there is no document, and the variable alone counts. */
  constructor(items: SimulatedItems, time: VirtualTime, percent: Gate | undefined) {
    this.#items = items;
    this.#time = time;
    if (percent === undefined) this.#turns.push({ atMs: time.nowMs, percent: 100 });
    else this.turn(percent);
  }

  get percent(): Gate {
    return this.#turns.at(-1)?.percent ?? 100;
  }

  /** The fewest percent of jobs that ever took the guarded path. */
  get lowest(): Gate {
    return Math.min(...this.#turns.map(({ percent }) => percent));
  }

  /** As an operator's command does. */
  turn(percent: Gate): void {
    if (this.#turns.length > 0 && this.percent === percent) return;
    this.#turns.push({ atMs: this.#time.nowMs, percent });
    const item = this.#items.all.get(GATE_KEY);
    const seen = item && decodeGate(item);
    const planned = { percent, phase: "set", retreatTo: percent, reason: "the schedule turns it" } as const;
    void this.#items.write(changeGate(seen, planned, changeOf(seen, planned, "operator", this.#time.nowMs)));
  }

  lowestSince(ms: number): Gate {
    return Math.min(...this.#since(ms));
  }

  /** What counted at that time, and all that has counted since. */
  #since(ms: number): readonly Gate[] {
    return this.#turns.filter((_, index) => (this.#turns[index + 1]?.atMs ?? ms) >= ms).map(({ percent }) => percent);
  }

  begin(process: string, messages: readonly QueuedMessage[]): void {
    const recorded = new Set<string>();
    for (const { body } of messages.filter(({ receives }) => receives > 1)) {
      const job = jobOf(body);
      if (job && this.#items.all.has(job.key)) recorded.add(job.id);
    }
    // Another message of the same job, received for the first time, may take the plain path beside it.
    for (const { body } of messages.filter(({ receives }) => receives === 1)) recorded.delete(jobOf(body)?.id ?? "");
    this.#attempts.set(process, { begunMs: this.#time.nowMs, recorded, isExcused: false });
  }

  struck({ process, port, method }: Boundary, fault: Fault): void {
    const attempt = this.#attempts.get(process);
    if (attempt && (fault.kind === "freeze" || `${port}.${method}` === "items.read")) attempt.isExcused = true;
  }

  /** Only whom the document has admitted since the attempt began gets a record. */
  checkRecorded(process: string, itemKey: string): void {
    const attempt = this.#attempts.get(process);
    const jobId = jobIdOfItemKey(itemKey);
    if (attempt && !gateAdmits(Math.max(...this.#since(attempt.begunMs)), jobId))
      throw new Violation(`${process} recorded ${jobId}, which the gate does not admit`);
  }

  /** Nobody takes the plain path whom the document has admitted all the time, or whose job has a record already. */
  checkStaged(process: string, stagingKey: string): void {
    const attempt = this.#attempts.get(process);
    if (!attempt || !isOfPlainPath(stagingKey)) return;
    const jobId = jobIdOfStagingKey(stagingKey);
    if (gateAdmits(this.lowestSince(attempt.begunMs), jobId))
      throw new Violation(`${process} took ${jobId}, which the gate admits, along the plain path`);
    if (attempt.recorded.has(jobId) && !attempt.isExcused)
      throw new Violation(`${process} took ${jobId}, which has a record, along the plain path`);
  }
}
