import type { Clock } from "../ports/runtime.ts";

export const sleepBy =
  (clock: Pick<Clock, "after">) =>
  async (ms: number): Promise<void> =>
    new Promise((resolve) => void clock.after(ms, resolve));
