import { type Loop, pause, repeat, toError } from "../../../local/shared/repeat.ts";

export interface SchedulerOptions {
  readonly everyMs: number;
  readonly invoke: (event: unknown) => Promise<unknown>;
  readonly onTrouble: (error: Error) => void;
}

/** Invokes at a fixed interval, one at a time. A run that takes longer than the interval delays the next one. */
export const startScheduler = ({ everyMs, invoke, onTrouble }: SchedulerOptions): Loop =>
  repeat(async (stopping) => {
    const startedMs = Date.now();
    await invoke({ source: "aws.events", "detail-type": "Scheduled Event", detail: {} }).catch((error: unknown) =>
      onTrouble(toError(error)),
    );
    await pause(Math.max(0, startedMs + everyMs - Date.now()), stopping);
  });
