import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../../adapters/node/clock.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the system clock", () => {
  it("gives the time in milliseconds since the epoch", () => {
    expect(systemClock.nowMs()).toBe(1_800_000_000_000);
  });

  it("runs a periodic task once per period until it is stopped", () => {
    const task = vi.fn<() => void>();
    const stop = systemClock.every(1000, task);
    vi.advanceTimersByTime(3500);
    expect(task).toHaveBeenCalledTimes(3);
    stop();
    vi.advanceTimersByTime(10_000);
    expect(task).toHaveBeenCalledTimes(3);
  });

  it("runs a delayed task once, when its delay is over", () => {
    const task = vi.fn<() => void>();
    systemClock.after(1000, task);
    vi.advanceTimersByTime(999);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it("does not run a delayed task that was canceled", () => {
    const task = vi.fn<() => void>();
    const cancel = systemClock.after(1000, task);
    cancel();
    vi.advanceTimersByTime(10_000);
    expect(task).not.toHaveBeenCalled();
  });

  it("does not keep a process alive with pending tasks", () => {
    const program = `
      import { systemClock } from ${JSON.stringify(new URL("../../../../adapters/node/clock.ts", import.meta.url).href)};
      systemClock.every(3_600_000, () => {});
      systemClock.after(3_600_000, () => {});`;
    const { status, signal } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      timeout: 60_000,
    });
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  }, 90_000);
});
