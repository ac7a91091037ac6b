import { fork, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { IS_BUILT } from "../shared/built.ts";
import type { FromWorker, ToWorker, WorkerAssignment } from "../worker/messages.ts";

interface PoolOptions {
  readonly count: number;
  /** What all processes are told, except for their names. */
  readonly assignment: Omit<WorkerAssignment, "holder">;
  /** Prefix of the processes' names, of this run alone. */
  readonly runId: string;
  readonly onMessage: (message: FromWorker, pid: number) => void;
  /** A process died although nobody stopped it. Another one takes its place afterwards. */
  readonly onDeath: (holder: string, pid: number) => Promise<void>;
}

const PROGRAM = new URL(IS_BUILT ? "worker.js" : "../worker/program.ts", import.meta.url);
/** Syncs of files wait in Node's thread pool. The disk takes many of them at once. */
const THREADS = "16";
const STOP_GRACE_MS = 8_000;
/** Variables of the user's that must not change what a worker does. */
const NOT_OURS = /^(AWS_|POWERTOOLS_|NODE_OPTIONS$)/;

const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_OURS.test(name))),
  UV_THREADPOOL_SIZE: THREADS,
});

/** The worker processes of a run. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workers = new Map<string, ChildProcess>();
  #started = 0;
  #hasBegun = false;
  #isStopping = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    for (let place = 0; place < options.count; place++) this.#start();
  }

  get pids(): readonly number[] {
    return [...this.#workers.values()].flatMap(({ pid }) => pid ?? []);
  }

  /** From now on the processes take jobs. */
  begin(): void {
    this.#hasBegun = true;
    for (const [holder, worker] of this.#workers) this.#assign(holder, worker);
  }

  /** Ends all processes: what they do is given back. Those that do not end in time are killed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const all = [...this.#workers.values()];
    const ended = Promise.all(all.map(async (worker) => hasEnded(worker)));
    for (const worker of all) send(worker, { kind: "stop" });
    await Promise.race([ended, sleep(STOP_GRACE_MS, undefined, { ref: false })]);
    for (const worker of all) worker.kill("SIGKILL");
    await ended;
  }

  #start(): void {
    const { onMessage, runId } = this.#options;
    this.#started += 1;
    const holder = `${runId}-${this.#started}`;
    const worker = fork(PROGRAM, {
      env: environment(),
      // Not the parent's own arguments: `node -e CODE` would run CODE in each worker process.
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    const pid = worker.pid ?? 0;
    this.#workers.set(holder, worker);
    worker.on("message", (message: FromWorker) => onMessage(message, pid));
    worker.on("error", () => undefined);
    worker.once("exit", () => {
      this.#workers.delete(holder);
      if (!this.#isStopping) void this.#replace(holder, pid);
    });
    if (this.#hasBegun) this.#assign(holder, worker);
  }

  async #replace(holder: string, pid: number): Promise<void> {
    await this.#options.onDeath(holder, pid);
    if (!this.#isStopping) this.#start();
  }

  #assign(holder: string, worker: ChildProcess): void {
    send(worker, { kind: "work", assignment: { ...this.#options.assignment, holder } });
  }
}

const send = (worker: ChildProcess, message: ToWorker): void => {
  // A process that has just died is noticed by its exit.
  if (worker.connected) worker.send(message, () => undefined);
};

const hasEnded = async (worker: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (worker.exitCode !== null || worker.signalCode !== null) resolve();
    else worker.once("exit", () => resolve());
  });
