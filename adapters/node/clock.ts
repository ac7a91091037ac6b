import type { Clock } from "../../core/ports/runtime.ts";

/** Timers do not keep the process alive: an invocation ends when its work does. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  every(periodMs, task) {
    const timer = setInterval(task, periodMs).unref();
    return () => clearInterval(timer);
  },
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
