import { setTimeout as sleep } from "node:timers/promises";

export interface Loop {
  /** Starts no further round. Settles once the rounds in progress have ended. */
  stop(): Promise<void>;
}

/** Repeats the work until the loop is stopped, `copies` times at once. `work` must not reject. */
export function repeat(work: (stopping: AbortSignal) => Promise<void>, copies = 1): Loop {
  const stopping = new AbortController();
  const loops = Array.from({ length: copies }, async () => {
    while (!stopping.signal.aborted) await work(stopping.signal);
  });
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

/** Waits; shorter if the signal is aborted meanwhile. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
