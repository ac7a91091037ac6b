import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../../adapters/node/clock.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the system's clock", () => {
  it("tells milliseconds since the epoch", () => {
    expect(systemClock.nowMs()).toBe(1_800_000_000_000);
  });

  it("runs a task every period until it is told to stop", () => {
    const task = vi.fn<() => void>();
    const stop = systemClock.every(1000, task);
    vi.advanceTimersByTime(3500);
    expect(task).toHaveBeenCalledTimes(3);
    stop();
    vi.advanceTimersByTime(10_000);
    expect(task).toHaveBeenCalledTimes(3);
  });

  it("runs a task once after a delay", () => {
    const task = vi.fn<() => void>();
    systemClock.after(1000, task);
    vi.advanceTimersByTime(999);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it("does not run a task that was called off", () => {
    const task = vi.fn<() => void>();
    const callOff = systemClock.after(1000, task);
    callOff();
    vi.advanceTimersByTime(10_000);
    expect(task).not.toHaveBeenCalled();
  });

  it("keeps no process alive", () => {
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
