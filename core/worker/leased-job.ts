import { present } from "../model/present.ts";
import type { StagingOwner } from "../transfer/transfer-deps.ts";
import { LeaseLostError } from "../model/errors.ts";
import type { Write } from "../model/write.ts";
import { hostOf } from "../model/message.ts";
import { JobEvents } from "./job-events.ts";
import { OperationKeys } from "./operation-keys.ts";
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
  uncharged,
  type Lease,
  type OperationEntry,
  type Trouble,
} from "../model/protocol.ts";
import { decodeJob, operationAttribute } from "../model/record-codec.ts";
import { isWholly, type Checkpoint, type JobRecord, type OperationRecord } from "../model/record.ts";
import { isTerminal, walk, type JobState } from "../model/states.ts";
import type { Wait } from "./retry.ts";
import { Unrecorded } from "./unrecorded.ts";

/** How often a lease is renewed within its time to live. */
const RENEWALS_PER_TTL = 3;

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
  readonly #keys: OperationKeys;
  #record: JobRecord;
  readonly #unrecorded = new Unrecorded();
  #step = 0;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #ended = false;
  #stopRenewing: () => void;

  constructor(deps: WorkerDeps, { owner, record, onRenewed, jobKey, takenAtMs, acquiredInMs }: Acquired) {
    this.#deps = deps;
    this.#record = record;
    this.#onRenewed = onRenewed;
    this.lease = { jobId: record.jobId, owner, fence: record.fence, takenAtMs };
    this.#keys = new OperationKeys(record.jobId);
    this.#events = new JobEvents(deps.telemetry, this.lease);
    const { clock, settings } = deps;
    const isNew = record.fence === 1;
    if (isNew) this.#events.planned(record, jobKey);
    this.#events.leased(settings.leaseTtlMs, acquiredInMs);
    if (isNew) this.#events.walked("PLANNED", [record.state], 0);
    this.#events.takenOver(record, takenAtMs, settings.leaseTtlMs);
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
    return this.#keys.of(operation);
  }

  /** The ledger's record of this operation; undefined if there is none, or only one with another context. */
  recorded(operation: Operation): OperationRecord | undefined {
    const { type } = operation;
    const record = this.#unrecorded.operation(type) ?? this.#record.operations[type];
    if (record?.key !== this.keyOf(operation) || this.#forgotten.has(operationAttribute(operation.type)))
      return undefined;
    return record;
  }

  /** A dead predecessor's start counts too. */
  async begin(operation: Operation): Promise<void> {
    this.lost.throwIfAborted();
    if (!this.recorded(operation)) this.#unrecorded.start(this.#entry(operation, { status: "STARTED" }));
    this.#forgotten.delete(operationAttribute(operation.type));
    this.#unrecorded.tellInTurn(() => this.#events.operationStarted(operation, this.keyOf(operation)));
  }

  /** The result of what may be run again is recorded with the next write. */
  async complete(operation: Operation, result: OperationResult, startedAtMs: number): Promise<void> {
    const { clock, settings } = this.#deps;
    const nowMs = clock.nowMs();
    const done = this.#entry(operation, { status: "DONE", result });
    const from = this.#state;
    const steps = walk(from, operation.leadsTo(result));
    const state = steps.at(-1) ?? from;
    const ageMs = this.#ageMs();
    const tell = (): void => {
      this.#events.operationCompleted(operation, this.keyOf(operation), nowMs - startedAtMs);
      this.#events.walked(from, steps, ageMs);
    };
    const { type } = operation;
    const { checkpoint, operations } = this.#record;
    const isFound = type === "STREAM" && isWholly(checkpoint, result);
    if (isFound || (operation.isRepeatable(result) && !checkpoint)) {
      this.lost.throwIfAborted();
      this.#unrecorded.add(done, steps.at(-1), tell);
      return;
    }
    const isLast = isTerminal(state);
    const expiresAtMs = nowMs + settings.recordRetentionMs;
    const streamed = this.#unrecorded.operation("STREAM") ?? operations.STREAM;
    const useless = type === "FINALIZE" && isWholly(checkpoint, streamed?.result) ? ["checkpoint"] : [];
    await this.#write(
      isLast ? finishJob(this.lease, done, state, expiresAtMs) : completeOperation(this.lease, done, state, useless),
    );
    tell();
    if (isLast) this.#end();
  }

  /** Discards the record of an operation that threw. It is removed by the write that ends the lease. */
  forget(type: OperationType): void {
    this.#unrecorded.forget(type);
    this.#forgotten.add(operationAttribute(type));
  }

  /** Discards what was staged because it is useless. The next attempt stages the body again. */
  forgetTransfer(): void {
    this.forget("STREAM");
    this.#forgotten.add("checkpoint");
  }

  /** Is recorded with the next write. */
  noteResumed(bytes: number): void {
    this.#unrecorded.note("resumed_bytes", this.#record.resumedBytes + bytes);
  }

  async saveCheckpoint(checkpoint: Checkpoint, isProgress: boolean): Promise<void> {
    const isMore = isProgress && checkpoint.offset > this.#record.mostStagedBytes;
    await this.#write(saveCheckpoint(this.lease, checkpoint, isMore));
    this.#forgotten.delete("checkpoint");
  }

  async fail(trouble: Trouble): Promise<void> {
    const from = this.#state;
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
    await this.#handOn(releaseForContinuation);
  }

  async giveBack(): Promise<void> {
    await this.#handOn(giveBack);
  }

  async handOver(): Promise<void> {
    await this.#handOn(handOver);
  }

  replayed(operation: Operation, record: OperationRecord): void {
    this.#events.replayed(operation, record);
  }

  /** Ends the heartbeat. To be called however the work ended. */
  stop(): void {
    this.#stopRenewing();
  }

  #entry(operation: Operation, reached: Pick<OperationRecord, "result" | "status">): OperationEntry {
    const atMs = this.#deps.clock.nowMs();
    const record = { key: this.keyOf(operation), fence: this.lease.fence, atMs, ...reached };
    return { type: operation.type, record };
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
    const whole = this.#unrecorded.with(write);
    this.#step += 1;
    const { applied, item } = await this.#deps.items.write(asStep(whole.write, this.#step));
    // If the refusing item is at our step, we applied the write and lost the answer.
    if (!item || (!applied && !isAtStep(item, this.lease, this.#step))) throw this.#lose();
    this.#record = decodeJob(item);
    whole.onApplied();
  }

  /** Somebody else has the job by now, or has ended it. */
  giveUp(): void {
    if (!this.#ended) this.#lose();
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
    if (this.leaseLeftMs() <= 0) return this.giveUp();
    try {
      await this.#write(renewLease(this.lease, clock.nowMs(), settings.leaseTtlMs));
      if (this.#ended) return;
      this.#events.renewed(settings.leaseTtlMs);
      this.#onRenewed();
    } catch (error) {
      this.#events.notRenewed(error);
    }
  }

  /** The state that the job has reached, whether it is recorded or not. */
  get #state(): JobState {
    return this.#unrecorded.state ?? this.#record.state;
  }

  #ageMs(): number {
    return this.#deps.clock.nowMs() - this.#record.plannedAtMs;
  }

  /** Ends the lease, and leaves the job to a later invocation. */
  async #handOn(end: typeof releaseForContinuation | typeof giveBack | typeof handOver): Promise<void> {
    const { clock, settings } = this.#deps;
    await this.#write(end(this.lease, this.#record, [...this.#forgotten], clock.nowMs(), settings.requeueGraceMs));
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.stop();
    this.#events.released();
  }
}
