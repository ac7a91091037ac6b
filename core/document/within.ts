import type { Clock } from "../ports/runtime.ts";

/** Whether less than `spanMs` has passed since `sinceMs`. False if the clock has been set back to before `sinceMs`. */
export function isWithin(clock: Clock, sinceMs: number | undefined, spanMs: number): boolean {
  if (sinceMs === undefined) return false;
  const passedMs = clock.nowMs() - sinceMs;
  return passedMs >= 0 && passedMs < spanMs;
}

/** @throws Error when the task takes longer than `longestMs`. Its later outcome is ignored. */
export async function within<T>(clock: Clock, longestMs: number, task: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const stopTimer = clock.after(longestMs, () => late.reject(new Error(`no answer within ${longestMs} ms`)));
  try {
    return await Promise.race([task, late.promise]);
  } finally {
    stopTimer();
  }
}
