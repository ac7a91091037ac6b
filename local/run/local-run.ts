import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { MachineTroubleError } from "../../adapters/local/machine-trouble.ts";
import { queueDepth } from "../../adapters/local/queue.ts";
import { causesOf } from "../../core/model/errors.ts";
import { jobIdOf } from "../../core/model/keys.ts";
import { trackedMessage } from "../../core/model/message.ts";
import { RECONCILE_EVERY_MS, type RunChoices } from "../settings.ts";
import type { FileUnderWay, FromWorker } from "../worker/messages.ts";
import { EarlierRuns, type EarlierEnds, type RerunChoices } from "./earlier.ts";
import type { SettledEnd } from "./end-store.ts";
import { Feeder } from "./feeder.ts";
import type { DigestConflict, LineStore, ListLine } from "./line-store.ts";
import { Recovery } from "./recovery.ts";
import { ResultsFile, type JobResult, type ToldResult } from "./results-file.ts";
import { StoppedByMachineError } from "./run-errors.ts";
import { Settler, type NameSource } from "./settler.ts";
import { WorkerPool, type Death } from "./worker-pool.ts";
import { Workspace } from "./workspace.ts";

export interface RunOptions extends RunChoices {
  /** Everything of the run lies below this folder. */
  readonly out: string;
  readonly rerun: RerunChoices;
  readonly workers: number;
  /** Downloads at a time, in all workers together. */
  readonly slots: number;
  readonly nameSource: NameSource;
  /** Results were written, one for each line that names a job that ended, in this run or before. */
  onTold?(told: readonly ToldResult[]): void;
  /** A job has ended, and its end lasts. */
  onEnded?(end: SettledEnd, result: JobResult): void;
  /** What one worker process is doing. `bytes` were received since its last report. */
  onActivity?(pid: number, bytes: number, files: readonly FileUnderWay[]): void;
  /** A worker process died; this many leases of its were taken away. Another process takes its place. */
  onWorkerDied?(pid: number, leases: number): void;
}

/** Adds a line to the list, unless it conflicts with an earlier one. */
export type AddLine = (line: ListLine) => DigestConflict | undefined;

const DELIVERED_AT_ONCE = 1_000;
/** How often the end of the run is looked for. */
const LOOK_EVERY_MS = 50;
/** Worker processes that die in a row, without any job ending or staging a part in between: then the run gives up. */
const MOST_DEATHS_IN_A_ROW = 20;

/** One run over the jobs of a list, in one folder. The folder holds all that the next run needs to go on. */
export class LocalRun {
  readonly workspace: Workspace;
  readonly #options: RunOptions;
  readonly #recovery: Recovery;
  readonly #settler: Settler;
  readonly #feeder: Feeder;
  readonly #earlier: EarlierRuns;
  readonly #trouble = Promise.withResolvers<never>();
  #pool: WorkerPool | undefined;
  #results: ResultsFile | undefined;
  #deaths = 0;

  /**
   * Takes the folder, and the leases of runs that died in it.
   * @throws FolderInUseError; OtherSchemaError; MachineTroubleError when the folder cannot be used.
   */
  static async open(options: RunOptions): Promise<LocalRun> {
    const workspace = await Workspace.open(options.out);
    try {
      const run = new LocalRun(options, workspace);
      await run.#recovery.takeOver();
      return run;
    } catch (error) {
      workspace.close();
      throw error;
    }
  }

  private constructor(options: RunOptions, workspace: Workspace) {
    this.#options = options;
    this.workspace = workspace;
    // Whoever waits for the run hears of it; nobody may be waiting yet.
    this.#trouble.promise.catch(() => undefined);
    this.#recovery = new Recovery(workspace);
    this.#settler = new Settler({
      workspace,
      nameSource: options.nameSource,
      tell: (results) => {
        this.#results?.append(results);
        options.onTold?.(results);
      },
      onSettled: (end, result) => this.#onSettled(end, result),
    });
    this.#feeder = new Feeder(workspace);
    this.#earlier = new EarlierRuns(workspace, this.#settler, options.rerun);
  }

  get lines(): LineStore {
    return this.workspace.lines;
  }

  /** Puts a new list in the place of the one before. If `take` throws, the folder is as it was. */
  async replaceList(take: (add: AddLine) => Promise<void>): Promise<void> {
    const { database, lines } = this.workspace;
    await database.longTransaction(async () => {
      lines.begin();
      await take((line) => lines.add(line));
      lines.dropOld();
    });
  }

  /** How the jobs of the list ended in earlier runs. Grows while they are looked at. */
  get earlier(): EarlierEnds {
    return this.#earlier.ends;
  }

  /** Looks at what earlier runs did for the list, and begins its results anew. To be called before `work`. */
  async lookAtEarlier(signal: AbortSignal): Promise<void> {
    this.#beginResults();
    await this.#earlier.lookAtNew(signal);
  }

  /** Adds lines to the list while the run is at work. The first ones begin a new list. One call at a time. */
  async addLines(take: (add: AddLine) => void, signal: AbortSignal): Promise<void> {
    const { database, lines } = this.workspace;
    const late: ListLine[] = [];
    database.transaction(() => {
      if (!this.#results) {
        lines.begin();
        lines.dropOld();
      }
      take((line) => {
        const conflict = lines.add(line, this.#earlier.seq);
        if (!conflict && lines.isListed(jobIdOf(line.message), this.#earlier.seq)) late.push(line);
        return conflict;
      });
    });
    this.#beginResults();
    for (const line of late) this.#settler.tellLate(line, jobIdOf(line.message));
    await this.#earlier.lookAtNew(signal);
  }

  /** No further lines come. Those that this list shares with earlier ones are of this list alone. */
  endLines(): void {
    if (this.#results) this.lines.dropOld();
  }

  /** Starts the worker processes, which takes them a moment. They wait until `work` is called. */
  startWorkers(): void {
    const { gate, maxAttempts, out, slots, web, workers } = this.#options;
    const { wallMs, monotonicNs } = this.workspace.base;
    this.#pool = new WorkerPool({
      count: Math.min(workers, slots),
      slots,
      runId: randomUUID().slice(0, 8),
      assignment: {
        gate,
        maxAttempts,
        out,
        web,
        clock: { wallMs, monotonicNs: String(monotonicNs) },
      },
      onMessage: (message, pid) => this.#hear(message, pid),
      onDeath: async (death) => this.#bury(death),
    });
  }

  get workerPids(): readonly number[] {
    return this.#pool?.pids ?? [];
  }

  /**
   * Works until the list is complete and all its jobs have ended, or until the signal is aborted.
   * @param isListComplete whether all lines of the list have been added.
   * @throws StoppedByMachineError when this machine stops the work.
   */
  async work(isListComplete: () => boolean, signal: AbortSignal): Promise<void> {
    const reconciling = setInterval(() => void this.#reconcile(), RECONCILE_EVERY_MS);
    try {
      this.#feeder.skipTo(this.#earlier.doneUpTo);
      await this.#feeder.feed(this.#earlier.seq, signal);
      this.#pool?.begin();
      while (!signal.aborted) {
        const isFed = await this.#feeder.feed(this.#earlier.seq, signal);
        if (isFed && this.#feeder.open.size === 0 && isListComplete()) return;
        await Promise.race([sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined), this.#trouble.promise]);
      }
    } catch (error) {
      throw stopped(error);
    } finally {
      clearInterval(reconciling);
    }
  }

  /** Delivers each job's message once more. Settles when nobody has anything left to do. */
  async deliverAgain(): Promise<void> {
    const { database, queue } = this.workspace;
    for (let seq = 0; ;) {
      const jobs = this.lines.jobsAfter(seq, DELIVERED_AT_ONCE);
      const last = jobs.at(-1);
      if (!last) break;
      seq = last.seq;
      await queue.send(jobs.map(({ message }) => trackedMessage(message)));
    }
    while (queueDepth(database) > 0) await sleep(LOOK_EVERY_MS);
  }

  /** What the workers do is given back for the next run. */
  async stopWorkers(): Promise<void> {
    await this.#pool?.stop();
    await this.#settler.drain();
  }

  /** Stops the workers, and gives the folder back. */
  async close(): Promise<void> {
    await this.stopWorkers();
    this.#results?.close();
    this.#results = undefined;
    this.workspace.close();
  }

  /** Ends the work with the error. */
  fail(error: unknown): void {
    this.#trouble.reject(stopped(error));
  }

  #beginResults(): void {
    this.#results ??= new ResultsFile(this.workspace.folders.results);
  }

  #hear(message: FromWorker, pid: number): void {
    if (message.kind === "ended") this.#settler.settleLater(message.ends, (error) => this.fail(error));
    else if (message.kind === "activity") this.#noteActivity(message, pid);
    else if (message.kind === "trouble") this.#trouble.reject(new StoppedByMachineError(message.sentence));
  }

  #noteActivity({ bytes, files }: Extract<FromWorker, { kind: "activity" }>, pid: number): void {
    // A large file may outlive many workers. It gets further each time.
    if (files.some((file) => file.bytes > 0)) this.#deaths = 0;
    this.#options.onActivity?.(pid, bytes, files);
  }

  #onSettled(end: SettledEnd, result: JobResult): void {
    this.#deaths = 0;
    this.#feeder.ended(end.jobId);
    this.#options.onEnded?.(end, result);
  }

  async #bury({ cannotStart, holder, pid }: Death): Promise<boolean> {
    try {
      if (cannotStart) throw unstartable(cannotStart);
      this.#deaths += 1;
      if (this.#deaths > MOST_DEATHS_IN_A_ROW) throw this.#dyingWorkers();
      this.#options.onWorkerDied?.(pid, await this.#recovery.bury(holder));
      // It may have died after a job's last write and before it told of it.
      await this.#recovery.findLost(this.#feeder, this.#settler);
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  async #reconcile(): Promise<void> {
    const { database, telemetry } = this.workspace;
    try {
      await this.#recovery.reconcile();
      if (queueDepth(database) === 0) await this.#recovery.findLost(this.#feeder, this.#settler);
    } catch (error) {
      telemetry.log("error", "The reconciler failed. It runs again in some seconds.", {}, error);
      if (causesOf(error).some((link) => link instanceof MachineTroubleError)) this.fail(error);
    }
  }

  #dyingWorkers(): StoppedByMachineError {
    const { log } = this.workspace.folders;
    return new StoppedByMachineError(`Worker processes end again and again, and no job gets further. See ${log}.`);
  }
}

const unstartable = (cause: Error): StoppedByMachineError =>
  new StoppedByMachineError(`This machine cannot start a worker process: ${cause.message}.`, { cause });

/** A StoppedByMachineError if the machine is to blame. */
function stopped(error: unknown): unknown {
  const trouble = causesOf(error).find((link) => link instanceof MachineTroubleError);
  return trouble ? new StoppedByMachineError(trouble.sentence, { cause: error }) : error;
}
