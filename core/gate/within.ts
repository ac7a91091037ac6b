import type { Clock } from "../ports/runtime.ts";

/** Whether so little time has passed since then; a clock that was set back makes it no. */
export function isWithin(clock: Clock, sinceMs: number | undefined, spanMs: number): boolean {
  if (sinceMs === undefined) return false;
  const passedMs = clock.nowMs() - sinceMs;
  return passedMs >= 0 && passedMs < spanMs;
}

/** @throws Error when the task takes longer; what it does afterwards concerns nobody. */
export async function within<T>(clock: Clock, longestMs: number, task: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const stopTimer = clock.after(longestMs, () => late.reject(new Error(`no answer within ${longestMs} ms`)));
  try {
    return await Promise.race([task, late.promise]);
  } finally {
    stopTimer();
  }
}
