import { present } from "../model/present.ts";
import type { StagingOwner } from "../transfer/transfer-deps.ts";
import { LeaseLostError } from "../model/errors.ts";
import type { Item, Write } from "../model/write.ts";
import { hostOf } from "../model/message.ts";
import { JobEvents } from "./job-events.ts";
import { operationKeyOf } from "../model/keys.ts";
import type { Operation, OperationResult, OperationType } from "../model/operations.ts";
import type { OperationJournal } from "../ports/ledger.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import {
  asStep,
  completeOperation,
  failJob,
  finishJob,
  giveBack,
  handOver,
  isAtStep,
  releaseForContinuation,
  releaseForRetry,
  renewLease,
  saveCheckpoint,
  startOperation,
  uncharged,
  type Lease,
  type OperationEntry,
  type Trouble,
} from "../model/protocol.ts";
import { decodeJob, operationAttribute } from "../model/record-codec.ts";
import type { Checkpoint, JobRecord, OperationRecord } from "../model/record.ts";
import { isTerminal, walk } from "../model/states.ts";

/** How often a lease is renewed within its time to live. */
const RENEWALS_PER_TTL = 3;

export interface Wait {
  readonly notBeforeMs: number;
  readonly isParked: boolean;
  readonly isCharged: boolean;
}

interface Acquired {
  readonly owner: string;
  readonly record: JobRecord;
  readonly onRenewed: () => void;
  readonly jobKey: string;
  readonly takenAtMs: number;
  readonly acquiredInMs: number;
}

/** A job that we hold. All writes to it go through here, one at a time, each under our fence. */
export class LeasedJob implements StagingOwner, OperationJournal {
  readonly keepsCheckpoints = true;
  readonly lease: Lease;
  readonly #deps: WorkerDeps;
  readonly #onRenewed: () => void;
  readonly #events: JobEvents;
  readonly #lost = new AbortController();
  readonly #forgotten = new Set<string>();
  readonly #keys = new Map<string, string>();
  #record: JobRecord;
  #notes: Item = {};
  #step = 0;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #ended = false;
  #stopRenewing: () => void;

  constructor(deps: WorkerDeps, { owner, record, onRenewed, jobKey, takenAtMs, acquiredInMs }: Acquired) {
    this.#deps = deps;
    this.#record = record;
    this.#onRenewed = onRenewed;
    this.lease = { jobId: record.jobId, owner, fence: record.fence, takenAtMs };
    this.#events = new JobEvents(deps.telemetry, this.lease);
    const { clock, settings } = deps;
    const isNew = record.fence === 1;
    if (isNew) this.#events.planned(record, jobKey);
    this.#events.leased(settings.leaseTtlMs, acquiredInMs);
    if (isNew) this.#events.walked("PLANNED", [record.state], 0);
    this.#stopRenewing = clock.every(settings.leaseTtlMs / RENEWALS_PER_TTL, () => {
      void this.#renew();
    });
  }

  get record(): JobRecord {
    return this.#record;
  }

  /** Aborted, with a LeaseLostError as the reason, as soon as another worker may hold the job. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** The fence that names what this attempt stages. */
  get stagedBy(): string {
    return String(this.lease.fence);
  }

  get jobId(): string {
    return this.lease.jobId;
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#forgotten.has("checkpoint") ? undefined : this.#record.checkpoint;
  }

  leaseLeftMs(): number {
    return present(this.#record.availableAtMs, "the expiry of a lease that we hold") - this.#deps.clock.nowMs();
  }

  keyOf(operation: Operation): string {
    // The step before an operation has made an operation like it.
    const name = `${operation.type} ${Object.values(operation.context).join(" ")}`;
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = operationKeyOf(operation.type, this.lease.jobId, operation.context);
      this.#keys.set(name, key);
    }
    return key;
  }

  /** The ledger's record of this operation; undefined if there is none, or only one with another context. */
  recorded(operation: Operation): OperationRecord | undefined {
    const record = this.#record.operations[operation.type];
    if (record?.key !== this.keyOf(operation) || this.#forgotten.has(operationAttribute(operation.type)))
      return undefined;
    return record;
  }

  /** Writes only if no earlier write has started the operation. A dead predecessor's start counts too. */
  async begin(operation: Operation): Promise<void> {
    if (!this.recorded(operation)) await this.#write(startOperation(this.lease, this.#started(operation)));
    this.#forgotten.delete(operationAttribute(operation.type));
    this.#events.operationStarted(operation, this.keyOf(operation));
  }

  async complete(operation: Operation, result: OperationResult, startedAtMs: number): Promise<void> {
    const { clock, settings } = this.#deps;
    const nowMs = clock.nowMs();
    const done: OperationEntry = {
      type: operation.type,
      record: { key: this.keyOf(operation), status: "DONE", fence: this.lease.fence, atMs: nowMs, result },
    };
    const steps = walk(this.#record.state, operation.leadsTo(result));
    const state = steps.at(-1) ?? this.#record.state;
    const next = operation.next(result);
    const write = isTerminal(state)
      ? finishJob(this.lease, done, state, nowMs + settings.recordRetentionMs)
      : completeOperation(this.lease, done, next && this.#started(next), state);
    const from = this.#record.state;
    await this.#write(write);
    this.#events.operationCompleted(operation, this.keyOf(operation), nowMs - startedAtMs);
    this.#events.walked(from, steps, this.#ageMs());
    if (isTerminal(state)) this.#end();
  }

  /** Discards the record of an operation that threw. It is removed by the write that ends the lease. */
  forget(type: OperationType): void {
    this.#forgotten.add(operationAttribute(type));
  }

  /** Discards what was staged because it is useless. The next attempt stages the body again. */
  forgetTransfer(): void {
    this.forget("STREAM");
    this.#forgotten.add("checkpoint");
  }

  /** Is recorded with the next write. */
  noteResumed(bytes: number): void {
    this.#notes = { resumed_bytes: this.#record.resumedBytes + bytes };
  }

  async saveCheckpoint(checkpoint: Checkpoint, isProgress: boolean): Promise<void> {
    const isMore = isProgress && checkpoint.offset > this.#record.mostStagedBytes;
    await this.#write(saveCheckpoint(this.lease, checkpoint, isMore));
    this.#forgotten.delete("checkpoint");
  }

  async fail(trouble: Trouble): Promise<void> {
    const from = this.#record.state;
    const { clock, settings } = this.#deps;
    const forgotten = [...this.#forgotten];
    await this.#write(failJob(this.lease, trouble, forgotten, clock.nowMs(), settings.recordRetentionMs));
    this.#events.walked(from, ["FAILED"], this.#ageMs(), {
      reason: trouble.reason,
      failure_class: trouble.failureClass,
      host: hostOf(this.#record.url),
    });
    this.#end();
  }

  /** Its message comes back at that time; a parked job has none. `isCharged`: it has used up one of its attempts. */
  async releaseForRetry(trouble: Trouble, { isCharged, isParked, notBeforeMs }: Wait): Promise<void> {
    const { dispatchAheadMs, requeueGraceMs } = this.#deps.settings;
    const watchAfterMs = isParked ? -dispatchAheadMs : requeueGraceMs;
    const charge = isCharged ? {} : uncharged(this.#record);
    await this.#write(releaseForRetry(this.lease, trouble, [...this.#forgotten], notBeforeMs, watchAfterMs, charge));
    this.#end();
  }

  async releaseForContinuation(): Promise<void> {
    const { clock, settings } = this.#deps;
    await this.#write(
      releaseForContinuation(this.lease, this.#record, [...this.#forgotten], clock.nowMs(), settings.requeueGraceMs),
    );
    this.#end();
  }

  async giveBack(): Promise<void> {
    const { clock, settings } = this.#deps;
    await this.#write(giveBack(this.lease, this.#record, [...this.#forgotten], clock.nowMs(), settings.requeueGraceMs));
    this.#end();
  }

  async handOver(): Promise<void> {
    const { clock, settings } = this.#deps;
    await this.#write(handOver(this.lease, this.#record, [...this.#forgotten], clock.nowMs(), settings.requeueGraceMs));
    this.#end();
  }

  replayed(operation: Operation, record: OperationRecord): void {
    this.#events.replayed(operation, record);
  }

  /** Ends the heartbeat. To be called however the work ended. */
  stop(): void {
    this.#stopRenewing();
  }

  #started(operation: Operation): OperationEntry {
    return {
      type: operation.type,
      record: {
        key: this.keyOf(operation),
        status: "STARTED",
        fence: this.lease.fence,
        atMs: this.#deps.clock.nowMs(),
      },
    };
  }

  /** One write at a time, so that `record` is always the newest state that the table has returned. */
  async #write(write: Write): Promise<void> {
    const mine = this.#lastWrite.then(async () => this.#writeNow(write));
    this.#lastWrite = mine.catch(() => undefined);
    await mine;
  }

  async #writeNow(write: Write): Promise<void> {
    this.lost.throwIfAborted();
    if (this.#ended) return;
    const notes = this.#notes;
    this.#notes = {};
    this.#step += 1;
    const step = asStep({ ...write, set: { ...notes, ...write.set } }, this.#step);
    const { applied, item } = await this.#deps.items.write(step);
    // If the refusing item is at our step, we applied the write and lost the answer.
    if (!item || (!applied && !isAtStep(item, this.lease, this.#step))) throw this.#lose();
    this.#record = decodeJob(item);
  }

  #lose(): LeaseLostError {
    const error = new LeaseLostError({ record: this.#record });
    this.stop();
    this.#lost.abort(error);
    return error;
  }

  /** A lease that has expired by our own clock is given up, not renewed: another worker may be taking it over. */
  async #renew(): Promise<void> {
    const { clock, settings } = this.#deps;
    if (this.leaseLeftMs() <= 0) {
      this.#lose();
      return;
    }
    try {
      await this.#write(renewLease(this.lease, clock.nowMs(), settings.leaseTtlMs));
      if (this.#ended) return;
      this.#events.renewed(settings.leaseTtlMs);
      this.#onRenewed();
    } catch (error) {
      this.#events.notRenewed(error);
    }
  }

  #ageMs(): number {
    return this.#deps.clock.nowMs() - this.#record.plannedAtMs;
  }

  #end(): void {
    this.#ended = true;
    this.stop();
    this.#events.released();
  }
}
