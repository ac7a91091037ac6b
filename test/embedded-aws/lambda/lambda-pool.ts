import { startLambdaProcess } from "./lambda-process.ts";
import type { LambdaFunction, LambdaProcess } from "./lambda-process.ts";
import { pause } from "../../../local/shared/repeat.ts";

const RESTART_PAUSE_MS = 1000;
/** Time for a process to write its coverage after it was asked to exit. */
const EXIT_GRACE_MS = 3000;

/** A fixed number of processes that run one function. While the pool runs, it replaces processes that die. */
export interface LambdaPool {
  /**
   * Waits for a free process and invokes the function in it.
   * @throws Error if the invocation failed, for any reason.
   */
  invoke(event: unknown): Promise<unknown>;
  pids(): readonly number[];
  kill(pid: number): void;
  /** Refuses new invocations, gives running ones `graceMs` to end, then kills the remaining processes. */
  stop(graceMs: number): Promise<void>;
}

/** @throws Error if a process cannot import the handler. */
export async function startLambdaPool(lambda: LambdaFunction, size: number): Promise<LambdaPool> {
  const alive = new Set<LambdaProcess>();
  const idle: LambdaProcess[] = [];
  const waiting: PromiseWithResolvers<LambdaProcess>[] = [];
  const stopping = new AbortController();

  const stopped = (): Error => new Error(`${lambda.name} is being stopped.`);

  function offer(worker: LambdaProcess): void {
    const next = waiting.shift();
    if (next) next.resolve(worker);
    else idle.push(worker);
  }

  async function forgetWhenEnded(worker: LambdaProcess): Promise<void> {
    await worker.ended;
    alive.delete(worker);
    const position = idle.indexOf(worker);
    if (position >= 0) idle.splice(position, 1);
  }

  async function startOne(): Promise<void> {
    const worker = startLambdaProcess(lambda);
    alive.add(worker);
    const forgotten = forgetWhenEnded(worker);
    await worker.ready;
    void forgotten.then(replace);
    offer(worker);
  }

  /** If the handler can no longer be imported, all waiting invocations fail, and the next try follows after a pause. */
  async function replace(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        return await startOne();
      } catch (error) {
        for (const waiter of waiting.splice(0)) waiter.reject(error);
        await pause(RESTART_PAUSE_MS, stopping.signal);
      }
    }
  }

  async function stop(graceMs: number): Promise<void> {
    stopping.abort();
    for (const waiter of waiting.splice(0)) waiter.reject(stopped());
    await Promise.all([...alive].map(async (worker) => retire(worker, graceMs)));
  }

  try {
    await Promise.all(Array.from({ length: size }, startOne));
  } catch (error) {
    await stop(0);
    throw error;
  }

  return {
    invoke: async (event) => {
      if (stopping.signal.aborted) throw stopped();
      const worker = idle.shift() ?? (await enqueue(waiting).promise);
      try {
        return await worker.invoke(event);
      } finally {
        if (worker.isUsable()) offer(worker);
      }
    },
    pids: () => [...alive].map((worker) => worker.pid),
    kill: (pid) => {
      for (const worker of alive) if (worker.pid === pid) worker.kill();
    },
    stop,
  };
}

function enqueue<T>(waiting: PromiseWithResolvers<T>[]): PromiseWithResolvers<T> {
  const waiter = Promise.withResolvers<T>();
  waiting.push(waiter);
  return waiter;
}

async function retire(worker: LambdaProcess, graceMs: number): Promise<void> {
  const impatience = setTimeout(() => worker.kill(), graceMs);
  await worker.idle();
  clearTimeout(impatience);
  worker.release();
  const lastPatience = setTimeout(() => worker.kill(), EXIT_GRACE_MS);
  await worker.ended;
  clearTimeout(lastPatience);
}
