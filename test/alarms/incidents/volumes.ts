import type { Fault } from "./plant.ts";

/** Jobs an hour: from three to ten thousand a second. */
export const VOLUMES = [3, 20, 200, 3600, 360_000, 36_000_000] as const;
export const HOUR = 60;
export const DAY = 24 * HOUR;
/** More than the longest window of an alarm that pages. */
export const QUIET = 3 * HOUR;
export const ON_TIME = { ours: 0, aws: 0 };
export const LATE = { ours: 5, aws: 5 };

/** Nothing at all is done for the jobs that arrive. */
export const stopped: Fault = (step) => {
  step.done = 0;
  step.slow = 0;
  step.leases = 0;
  step.slowLeases = 0;
  step.failed = 0;
  step.announced = 0;
  step.finished = 0;
  step.finishedLong = 0;
};

/** Every so many-th job, in a regular way, of all that arrive. */
export function share(of: number): (arrived: number) => number {
  let rest = 0;
  return (arrived) => {
    rest += arrived * of;
    // Without the small number, a tenth of thirty would be less than three.
    const whole = Math.floor(rest + 1e-9);
    rest -= whole;
    return whole;
  };
}

/** A part of the jobs fails, for our own fault or for a host's. */
export function jobsFail(part: number, as: "failed" | "givenUp" | "refused" = "failed"): Fault {
  const of = share(part);
  return (step) => {
    const wrong = of(step.arrived);
    step[as] += wrong;
    step.done = Math.max(0, step.done - wrong);
    step.slow = Math.min(step.slow, step.done);
  };
}
