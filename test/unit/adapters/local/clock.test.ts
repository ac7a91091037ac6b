import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it, vi } from "vitest";
import { clockBase, runClock } from "../../../../adapters/local/clock.ts";

const START_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;

afterEach(() => vi.restoreAllMocks());

function setMachine(wallMs: number, monotonicNs: bigint): void {
  vi.spyOn(Date, "now").mockReturnValue(wallMs);
  vi.spyOn(process.hrtime, "bigint").mockReturnValue(monotonicNs);
}

describe("the clock of a run", () => {
  it("starts at the machine's time", () => {
    setMachine(START_MS, 5_000_000n);
    expect(clockBase(START_MS - 1)).toEqual({ wallMs: START_MS, monotonicNs: 5_000_000n });
  });

  it("starts at the newest time that an earlier run saw if the machine's clock was set back since", () => {
    setMachine(START_MS - DAY_MS, 5_000_000n);
    expect(runClock(clockBase(START_MS)).nowMs()).toBe(START_MS);
  });

  it("counts whole milliseconds of the monotonic clock since the run began", () => {
    const clock = runClock({ wallMs: START_MS, monotonicNs: 5_000_000n });
    setMachine(START_MS, 1_004_999_999n);
    expect(clock.nowMs()).toBe(START_MS + 999);
    setMachine(START_MS, 1_005_000_000n);
    expect(clock.nowMs()).toBe(START_MS + 1000);
  });

  it.each([
    ["back", -DAY_MS],
    ["forward", DAY_MS],
  ])("does not notice that the machine's clock is set %s while it runs", (_where, byMs) => {
    setMachine(START_MS, 5_000_000n);
    const clock = runClock(clockBase(0));
    setMachine(START_MS + byMs, 6_000_000n);
    expect(clock.nowMs()).toBe(START_MS + 1);
  });

  it("is the same in all processes of a run, and never runs backwards between them", () => {
    const base = clockBase(Date.now() + 86_400_000);
    const clock = runClock(base);
    const module = new URL("../../../../adapters/local/clock.ts", import.meta.url).href;
    const program = `
      import { runClock } from ${JSON.stringify(module)};
      const [wallMs, monotonicNs] = process.argv.slice(-2);
      console.log(runClock({ wallMs: Number(wallMs), monotonicNs: BigInt(monotonicNs) }).nowMs());`;
    const ask = () =>
      Number(
        execFileSync(process.execPath, [
          "--input-type=module-typescript",
          "--eval",
          program,
          "--",
          String(base.wallMs),
          String(base.monotonicNs),
        ]),
      );
    const times = [clock.nowMs(), ask(), clock.nowMs(), ask(), clock.nowMs()];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it("runs timers as the system's clock does", async () => {
    const clock = runClock(clockBase(0));
    const ran: string[] = [];
    await new Promise<void>((resolve) => {
      const stop = clock.every(1, () => {
        stop();
        ran.push("every");
        clock.after(1, resolve);
      });
    });
    expect(ran).toEqual(["every"]);
  });
});
