import type { Clock } from "../../core/ports/runtime.ts";
import { systemClock } from "../node/clock.ts";

/** The moment at which a run's clock starts. */
export interface ClockBase {
  readonly wallMs: number;
  /** The operating system's monotonic clock, the same in all processes of this machine. */
  readonly monotonicNs: bigint;
}

const NS_PER_MS = 1_000_000n;

/** Never before `noEarlierThanMs`, the newest time that an earlier run saw, even if the clock was set back since. */
export const clockBase = (noEarlierThanMs: number): ClockBase => ({
  wallMs: Math.max(Date.now(), noEarlierThanMs),
  monotonicNs: process.hrtime.bigint(),
});

/** A clock that all processes of a run share. Setting the machine's clock does not change it. */
export const runClock = ({ wallMs, monotonicNs }: ClockBase): Clock => ({
  ...systemClock,
  nowMs: () => wallMs + Number((process.hrtime.bigint() - monotonicNs) / NS_PER_MS),
});
