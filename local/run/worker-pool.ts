import { fork, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { IS_BUILT } from "../shared/built.ts";
import type { FromWorker, ToWorker, WorkerAssignment } from "../worker/messages.ts";

interface PoolOptions {
  readonly count: number;
  /** Downloads at a time, in all processes together: at least as many as processes. */
  readonly slots: number;
  /** What all processes are told, except for their names and shares. */
  readonly assignment: Omit<WorkerAssignment, "holder" | "slots">;
  /** Prefix of the processes' names, of this run alone. */
  readonly runId: string;
  readonly onMessage: (message: FromWorker, pid: number) => void;
  /**
   * A process died although nobody stopped it, or could not be started.
   * @returns whether another one takes its place.
   */
  readonly onDeath: (death: Death) => Promise<boolean>;
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

export interface Death {
  readonly holder: string;
  /** 0 if it could not be started. */
  readonly pid: number;
  /** Why it could not be started. */
  readonly cannotStart: Error | undefined;
}

interface Worker {
  readonly holder: string;
  /** From 0. Its successor has the same. */
  readonly place: number;
  readonly process: ChildProcess;
}

/** The worker processes of a run. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workers = new Set<Worker>();
  #started = 0;
  #hasBegun = false;
  #isStopping = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    for (let place = 0; place < options.count; place++) this.#start(place);
  }

  get pids(): readonly number[] {
    return [...this.#workers].flatMap(({ process: { pid } }) => pid ?? []);
  }

  /** From now on the processes take jobs. */
  begin(): void {
    this.#hasBegun = true;
    for (const worker of this.#workers) this.#assign(worker);
  }

  /** Ends all processes: what they do is given back. Those that do not end in time are killed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const all = [...this.#workers].map(({ process: child }) => child);
    const ended = Promise.all(all.map(async (child) => hasEnded(child)));
    for (const child of all) send(child, { kind: "stop" });
    await Promise.race([ended, sleep(STOP_GRACE_MS, undefined, { ref: false })]);
    for (const child of all) child.kill("SIGKILL");
    await ended;
  }

  #start(place: number): void {
    const { onMessage, runId } = this.#options;
    this.#started += 1;
    const child = fork(PROGRAM, {
      env: environment(),
      // Not the parent's own arguments: `node -e CODE` would run CODE in each worker process.
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    const worker = { holder: `${runId}-${this.#started}`, place, process: child };
    const pid = child.pid ?? 0;
    this.#workers.add(worker);
    child.on("message", (message: FromWorker) => onMessage(message, pid));
    const onEnd = (cannotStart: Error | undefined): void => {
      const isNews = this.#workers.delete(worker);
      if (isNews && !this.#isStopping) void this.#replace(worker, { holder: worker.holder, pid, cannotStart });
    };
    child.once("exit", () => onEnd(undefined));
    // A process that could not be started has no end.
    child.on("error", (error) => {
      if (child.pid === undefined) onEnd(error);
    });
    if (this.#hasBegun) this.#assign(worker);
  }

  async #replace({ place }: Worker, death: Death): Promise<void> {
    const isWanted = await this.#options.onDeath(death);
    if (isWanted && !this.#isStopping) this.#start(place);
  }

  #assign({ holder, place, process: child }: Worker): void {
    const { assignment, count, slots } = this.#options;
    const share = Math.floor(slots / count) + (place < slots % count ? 1 : 0);
    send(child, { kind: "work", assignment: { ...assignment, holder, slots: share } });
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
