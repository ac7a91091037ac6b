import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { clockBase, runClock, type ClockBase } from "../../adapters/local/clock.ts";
import { localContent, type LocalContent } from "../../adapters/local/content.ts";
import { LocalDatabase } from "../../adapters/local/database.ts";
import { onDisk } from "../../adapters/local/disk.ts";
import { localItems } from "../../adapters/local/items.ts";
import { MachineTroubleError } from "../../adapters/local/machine-trouble.ts";
import { localQueue, queueDepth, releaseMessages, type LocalQueue } from "../../adapters/local/queue.ts";
import { createTables } from "../../adapters/local/schema.ts";
import { localStaging } from "../../adapters/local/staging.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { lineTelemetry } from "../../adapters/node/telemetry.ts";
import { causesOf } from "../../core/model/errors.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { Telemetry } from "../../core/ports/telemetry.ts";
import { reconcile, type ReconcilerDeps } from "../../core/recovery/reconcile.ts";
import { releaseLeases } from "../../core/recovery/release-leases.ts";
import { foldersOf, type Folders } from "../folders.ts";
import {
  LEASE_TTL_MS,
  MOST_RECEIVES,
  PART_BYTES,
  RECONCILE_EVERY_MS,
  reconcilerSettings,
  type RunChoices,
} from "../settings.ts";
import { lockRun } from "../shared/lock.ts";
import { isHeldBy, type FileUnderWay, type FromWorker } from "../worker/messages.ts";
import { takeUpEarlier, type EarlierEnds, type RerunChoices } from "./earlier.ts";
import { EndStore, type SettledEnd } from "./end-store.ts";
import { Feeder } from "./feeder.ts";
import { LineStore } from "./line-store.ts";
import { NameLinks } from "./name-links.ts";
import { ResultsFile, type JobResult } from "./results-file.ts";
import { LAST_SEEN, Settler, type NameSource } from "./settler.ts";
import { WorkerPool } from "./worker-pool.ts";

export interface RunOptions extends RunChoices {
  /** Everything of the run lies below this folder. */
  readonly out: string;
  readonly workers: number;
  /** Downloads at a time, in all workers together. */
  readonly slots: number;
  readonly nameSource: NameSource;
  /** A job has ended, and its end lasts. */
  onEnded?(end: SettledEnd, result: JobResult): void;
  /** What one worker process is doing. `bytes` were staged since its last report. */
  onActivity?(pid: number, bytes: number, files: readonly FileUnderWay[]): void;
  /** A worker process died; this many leases of its were taken away. Another process takes its place. */
  onWorkerDied?(pid: number, leases: number): void;
}

/** Another run has the folder. */
export class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";

  constructor(out: string) {
    super(`Another run is working in ${out}. Wait for it to end, stop it, or choose another directory with --out.`);
  }
}

/** How often the end of the run is looked for. */
const LOOK_EVERY_MS = 50;
/** Worker processes that die in a row, without any job ending in between, after which the run gives up. */
const MOST_DEATHS_IN_A_ROW = 20;

/** One run over the jobs of a list, in one folder. The folder holds all that the next run needs to go on. */
export class LocalRun {
  readonly folders: Folders;
  readonly lines: LineStore;
  readonly ends: EndStore;
  readonly database: LocalDatabase;
  readonly #options: RunOptions;
  readonly #clock: Clock;
  readonly #base: ClockBase;
  readonly #content: LocalContent;
  readonly #names: NameLinks;
  readonly #queue: LocalQueue;
  readonly #recovery: ReconcilerDeps;
  readonly #telemetry: Telemetry;
  readonly #settler: Settler;
  readonly #feeder: Feeder;
  readonly #cleanup: DisposableStack;
  readonly #trouble = Promise.withResolvers<never>();
  #pool: WorkerPool | undefined;
  #deaths = 0;

  /**
   * Takes the folder, and the leases of runs that died in it.
   * @throws FolderInUseError; OtherSchemaError; MachineTroubleError when the folder cannot be used.
   */
  static async open(options: RunOptions): Promise<LocalRun> {
    const folders = foldersOf(options.out);
    const cleanup = new DisposableStack();
    try {
      for (const folder of [folders.content, folders.staging])
        onDisk(folder, () => fs.mkdirSync(folder, { recursive: true }));
      const release = lockRun(folders.state);
      if (!release) throw new FolderInUseError(options.out);
      cleanup.defer(release);
      const run = new LocalRun(options, folders, cleanup);
      await run.#takeOver();
      return run;
    } catch (error) {
      cleanup.dispose();
      throw error;
    }
  }

  private constructor(options: RunOptions, folders: Folders, cleanup: DisposableStack) {
    this.#options = options;
    this.folders = folders;
    this.#cleanup = cleanup;
    // Whoever waits for the run hears of it; nobody may be waiting yet.
    this.#trouble.promise.catch(() => undefined);
    this.database = new LocalDatabase(folders.database, { isDurable: true });
    cleanup.defer(() => this.database.close());
    createTables(this.database, folders.state);
    this.#base = clockBase(Number(this.#fact(LAST_SEEN) ?? 0));
    this.#clock = runClock(this.#base);
    this.lines = new LineStore(this.database);
    this.ends = new EndStore(this.database);
    const staging = localStaging(folders.staging, PART_BYTES);
    this.#content = localContent(folders.content, staging.pathOf);
    this.#names = new NameLinks(this.database, folders.files);
    this.#queue = localQueue(this.database, {
      clock: this.#clock,
      holder: "parent",
      visibilityMs: LEASE_TTL_MS,
      mostReceives: MOST_RECEIVES,
    });
    this.#telemetry = this.#openTelemetry();
    this.#recovery = {
      clock: this.#clock,
      random: systemRandom,
      items: localItems(this.database),
      queue: this.#queue,
      staging,
      telemetry: this.#telemetry,
      settings: reconcilerSettings,
    };
    const results = new ResultsFile(folders.results);
    cleanup.defer(() => results.close());
    this.#settler = new Settler({
      database: this.database,
      clock: this.#clock,
      lines: this.lines,
      ends: this.ends,
      names: this.#names,
      nameSource: options.nameSource,
      content: this.#content,
      results,
      onSettled: (end, result) => this.#onSettled(end, result),
    });
    this.#feeder = new Feeder(this.database, this.lines, this.ends);
  }

  /** Looks at what earlier runs did for the list. To be called before the workers are started. */
  async takeUpEarlier(choices: RerunChoices): Promise<EarlierEnds> {
    const { database, ends, lines } = this;
    const deps = { database, ends, lines, content: this.#content, names: this.#names, settler: this.#settler };
    return takeUpEarlier(deps, choices);
  }

  /** Starts the worker processes. They wait for jobs. */
  startWorkers(): void {
    const { allowPrivateHosts, gate, maxAttempts, out, slots, workers } = this.#options;
    const { wallMs, monotonicNs } = this.#base;
    this.#pool = new WorkerPool({
      count: workers,
      runId: randomUUID().slice(0, 8),
      assignment: {
        allowPrivateHosts,
        gate,
        maxAttempts,
        out,
        slots: Math.ceil(slots / workers),
        clock: { wallMs, monotonicNs: String(monotonicNs) },
      },
      onMessage: (message, pid) => this.#hear(message, pid),
      onDeath: async (holder, pid) => this.#bury(holder, pid),
    });
  }

  get workerPids(): readonly number[] {
    return this.#pool?.pids ?? [];
  }

  /**
   * Works until the list is complete and all its jobs have ended, or until the signal is aborted.
   * @throws MachineTroubleError when this machine stops the work.
   */
  async work(isListComplete: () => boolean, signal: AbortSignal): Promise<void> {
    const reconciling = setInterval(() => void this.#reconcile(), RECONCILE_EVERY_MS);
    try {
      while (!signal.aborted) {
        const isFed = this.#feeder.feed();
        if (isFed && this.#feeder.open.size === 0 && isListComplete()) return;
        await Promise.race([sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined), this.#trouble.promise]);
      }
    } finally {
      clearInterval(reconciling);
    }
  }

  /** Stops the workers, and gives the folder back. What they do is given back for the next run. */
  async close(): Promise<void> {
    await this.#pool?.stop();
    await this.#settler.drain();
    this.#telemetry.flush();
    this.#cleanup.dispose();
  }

  /** The lock proves that nobody else is alive: what is held is held by the dead. */
  async #takeOver(): Promise<void> {
    this.database.transaction(() => this.database.exec("DELETE FROM queue; DELETE FROM dead_letters"));
    await releaseLeases(this.#recovery, { isDead: () => true, mayBeTheJobs: false });
  }

  #hear(message: FromWorker, pid: number): void {
    if (message.kind === "ended") this.#settler.settleLater(message.ends, (error) => this.#fail(error));
    else if (message.kind === "activity") this.#options.onActivity?.(pid, message.bytes, message.files);
    else if (message.kind === "trouble") this.#trouble.reject(new ReportedTroubleError(message.sentence));
  }

  #onSettled(end: SettledEnd, result: JobResult): void {
    this.#deaths = 0;
    this.#feeder.ended(end.jobId);
    this.#options.onEnded?.(end, result);
  }

  async #bury(holder: string, pid: number): Promise<void> {
    try {
      this.#deaths += 1;
      if (this.#deaths > MOST_DEATHS_IN_A_ROW) throw new DyingWorkersError(this.folders.log);
      const leases = await releaseLeases(this.#recovery, {
        isDead: (owner) => isHeldBy(owner, holder),
        mayBeTheJobs: true,
      });
      releaseMessages(this.database, holder, this.#clock.nowMs());
      this.#options.onWorkerDied?.(pid, leases);
      // It may have died after a job's last write and before it told of it.
      await this.#findLost();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #reconcile(): Promise<void> {
    try {
      await reconcile(this.#recovery);
      if (queueDepth(this.database) === 0) await this.#findLost();
    } catch (error) {
      this.#telemetry.log("error", "The reconciler failed. It runs again in some seconds.", {}, error);
      if (causesOf(error).some((link) => link instanceof MachineTroubleError)) this.#fail(error);
    }
  }

  /** Settles jobs that have ended although nobody told of it, and feeds those again that nobody would bring back. */
  async #findLost(): Promise<void> {
    const open = [...this.#feeder.open];
    const ended = open.filter((jobId) => this.ends.recorded(jobId));
    await this.#settler.settle(ended.map((jobId) => ({ jobId })));
    if (queueDepth(this.database) > 0) return;
    for (const jobId of this.#feeder.open) if (!this.lines.hasRecord(jobId)) this.#feeder.feedAgain(jobId);
  }

  #fail(error: unknown): void {
    this.#trouble.reject(error);
  }

  #fact(name: string): unknown {
    return this.database.get("SELECT value FROM facts WHERE name = ?", name)?.["value"];
  }

  #openTelemetry(): Telemetry {
    const open = (path: string): Telemetry => {
      const file = onDisk(path, () => fs.openSync(path, "a"));
      this.#cleanup.defer(() => fs.closeSync(file));
      return lineTelemetry((lines) => void fs.writeSync(file, lines));
    };
    const events = open(this.folders.events);
    const logs = open(this.folders.log);
    return {
      emit: (event) => events.emit(event),
      log: (...line) => logs.log(...line),
      invocationStarted: () => undefined,
      flush: () => {
        events.flush();
        logs.flush();
      },
    };
  }
}

/** A worker process met the machine's trouble. */
class ReportedTroubleError extends Error {
  override readonly name = "ReportedTroubleError";
}

class DyingWorkersError extends Error {
  override readonly name = "DyingWorkersError";

  constructor(log: string) {
    super(`Worker processes end again and again without finishing a job. ${log} says more.`);
  }
}
