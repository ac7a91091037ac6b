import { setTimeout as sleep } from "node:timers/promises";

export interface SchedulerOptions {
  readonly everyMs: number;
  readonly invoke: (event: unknown) => Promise<unknown>;
  readonly onTrouble: (error: Error) => void;
}

export interface Scheduler {
  /** Stops invoking. Settles once the invocation in progress has ended. */
  stop(): Promise<void>;
}

/** Invokes at a fixed interval, one at a time. A run that takes longer than the interval delays the next one. */
export function startScheduler({ everyMs, invoke, onTrouble }: SchedulerOptions): Scheduler {
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const startedMs = Date.now();
      await invoke({ source: "aws.events", "detail-type": "Scheduled Event", detail: {} }).catch((error: unknown) =>
        onTrouble(error instanceof Error ? error : new Error(String(error))),
      );
      const restMs = Math.max(0, startedMs + everyMs - Date.now());
      await sleep(restMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
