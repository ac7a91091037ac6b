import { setTimeout as sleep } from "node:timers/promises";

export interface SchedulerOptions {
  readonly everyMs: number;
  readonly invoke: (event: unknown) => Promise<unknown>;
  readonly onTrouble: (error: Error) => void;
}

export interface Scheduler {
  /** Invokes nothing more; settles when the invocation under way is over. */
  stop(): Promise<void>;
}

/** Invokes on a fixed period, one at a time: a run that outlasts the period delays the next. */
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
