import { gateAdmits, type Gate } from "../../../core/gate/gate.ts";
import { decodeGate, GATE_KEY } from "../../../core/gate/gate-document.ts";
import { DOCUMENT_TRUSTED_MS } from "../../../core/document/document-reader.ts";
import { changeGate, changeOf } from "../../../core/gate/gate-protocol.ts";
import type { Item } from "../../../core/model/write.ts";
import { jobIdOfItemKey, jobIdOfStagingKey, jobItemKey } from "../../../core/model/keys.ts";
import { isUnguardedKey, Violation } from "./invariants.ts";
import type { SimulatedItems } from "../services/items.ts";
import { jobOf } from "./message-jobs.ts";
import type { Boundary, Fault } from "../services/process.ts";
import type { QueuedMessage } from "../services/queue.ts";
import type { VirtualTime } from "../services/time.ts";

interface Attempt {
  /** From when on an answer may admit a job: when the attempt began, or before, if the process is warm. */
  readonly knownMs: number;
  /** From when on an answer may leave a job out: when the process began. */
  readonly outMs: number;
  /** Whether each of its jobs had a record when its first message was received. */
  readonly recorded: Map<string, boolean>;
  /** A fault may have kept the attempt from reading whether the job has a record. */
  isExcused: boolean;
}

/** The gate document as the schedule changes it, and the invariants about which jobs take which path. */
export class GateWatch {
  /** A job whose record cannot be read: no attempt can know of it. */
  unreadable: string | undefined;
  readonly #items: SimulatedItems;
  readonly #time: VirtualTime;
  #lowest: Gate = 100;
  readonly #turns: { readonly atMs: number; readonly percent: Gate }[] = [];
  readonly #attempts = new Map<string, Attempt>();
  /** Processes whose clock does not tell how old an answer is. */
  readonly #clockless = new Set<string>();

  /** @param percent undefined if there is no document: then the variable alone decides. */
  constructor(items: SimulatedItems, time: VirtualTime, percent: Gate | undefined) {
    this.#items = items;
    this.#time = time;
    if (percent === undefined) this.#note(100);
    else this.turn(percent);
  }

  get percent(): Gate {
    return this.#turns.at(-1)?.percent ?? 100;
  }

  /** The lowest percentage of guarded jobs in the whole run. */
  get lowest(): Gate {
    return this.#lowest;
  }

  /** Changes the document as an operator's command does. */
  turn(percent: Gate): void {
    if (this.#turns.length > 0 && this.percent === percent) return;
    this.#note(percent);
    const item = this.#items.all.get(GATE_KEY);
    const seen = item && decodeGate(item);
    const planned = { percent, phase: "set", retreatTo: percent, reason: "the schedule turns it" } as const;
    void this.#items.write(changeGate(seen, planned, changeOf(seen, planned, "operator", this.#time.nowMs)));
  }

  #note(percent: Gate): void {
    this.#turns.push({ atMs: this.#time.nowMs, percent });
    this.#lowest = Math.min(this.#lowest, percent);
  }

  /** A process changed the document. Each change has a version of its own, one above the last. */
  written(process: string, before: Item | undefined, after: Item): void {
    const [from, to] = [before && decodeGate(before), decodeGate(after)];
    if (to.percent !== from?.percent) this.#note(to.percent);
    if (to.version !== (from?.version ?? 0) + 1)
      throw new Violation(`${process} took the gate from version ${from?.version ?? 0} to ${to.version}`);
  }

  /** The lowest percentage that the process may go by in its present attempt. */
  lowestFor(process: string): Gate {
    return this.lowestSince(this.#attempts.get(process)?.outMs ?? this.#time.nowMs);
  }

  lowestSince(ms: number): Gate {
    return Math.min(...this.#since(ms));
  }

  /** The percentage at that time, and every later one. */
  #since(ms: number): readonly Gate[] {
    return this.#turns.filter((_, index) => (this.#turns[index + 1]?.atMs ?? ms) >= ms).map(({ percent }) => percent);
  }

  /** @param isWarm the process has read the document before, and may still go by that answer. */
  begin(process: string, messages: readonly QueuedMessage[], isWarm = false): void {
    const recorded = new Map<string, boolean>();
    this.#learn(recorded, messages);
    const knownMs = this.#clockless.has(process) ? 0 : this.#time.nowMs - (isWarm ? DOCUMENT_TRUSTED_MS : 0);
    // An answer that leaves a job out has no age limit, so that a sick table does not stop the unguarded path.
    const outMs = this.#attempts.get(process)?.outMs ?? this.#time.nowMs;
    this.#attempts.set(process, { knownMs, outMs, recorded, isExcused: false });
  }

  /** The process takes further messages beside those that it has. */
  joined(process: string, messages: readonly QueuedMessage[]): void {
    const attempt = this.#attempts.get(process);
    if (attempt) this.#learn(attempt.recorded, messages);
  }

  /** An earlier message of a job has decided by the record that there was then. */
  #learn(recorded: Map<string, boolean>, messages: readonly QueuedMessage[]): void {
    for (const { body } of messages) {
      const job = jobOf(body);
      if (!job || recorded.has(job.id)) continue;
      recorded.set(job.id, this.#items.all.has(job.key));
    }
  }

  struck({ process, port, method }: Boundary, fault: Fault): void {
    const attempt = this.#attempts.get(process);
    if (fault.kind === "clock jump" || (fault.kind === "freeze" && fault.isClockStopped)) this.#clockless.add(process);
    if (attempt && (fault.kind === "freeze" || `${port}.${method}` === "items.read")) attempt.isExcused = true;
  }

  /** A job gets a record only if the document has admitted it at some time since the attempt began. */
  checkRecorded(process: string, itemKey: string): void {
    const attempt = this.#attempts.get(process);
    const jobId = jobIdOfItemKey(itemKey);
    // Its record may have expired after the attempt read it.
    if (attempt?.recorded.get(jobId) === true) return;
    if (attempt && !gateAdmits(Math.max(...this.#since(attempt.knownMs)), jobId))
      throw new Violation(`${process} recorded ${jobId}, but the gate does not admit it`);
  }

  /** A job takes the unguarded path only if the document did not always admit it and it has no record yet. */
  checkStaged(process: string, stagingKey: string): void {
    const attempt = this.#attempts.get(process);
    if (!attempt || !isUnguardedKey(stagingKey)) return;
    const jobId = jobIdOfStagingKey(stagingKey);
    if (gateAdmits(this.lowestSince(attempt.outMs), jobId))
      throw new Violation(`${process} took ${jobId} along the unguarded path, but the gate admits it`);
    // Its record may have expired before the attempt read it.
    const isRecorded = attempt.recorded.get(jobId) === true && this.#items.all.has(jobItemKey(jobId));
    if (isRecorded && !attempt.isExcused && jobId !== this.unreadable)
      throw new Violation(`${process} took ${jobId} along the unguarded path, but the job has a record`);
  }
}
