/** Workers that die. */
import type { Incident } from "./incident.ts";
import type { Fault } from "./plant.ts";
import { HOUR, QUIET, share, stopped, VOLUMES } from "./volumes.ts";

const page = (within: number, over = 20) => ({ page: { runbook: "worker-failing", within, over } });

/** Each failed message comes back after twelve minutes, beside the new ones. */
const allFail = (): Fault => {
  let open = 0;
  return (step, since) => {
    stopped(step, since);
    open += step.arrived;
    const again = Math.ceil((Math.min(open, 1e6) * 5) / 12);
    step.invocations = open === 0 ? 0 : Math.max(1, Math.ceil(step.arrived / 10), Math.ceil(again / 10));
    step.errors = step.invocations;
  };
};

const someFail = (part: number): Fault => {
  const of = share(part);
  return (step) => (step.errors = of(step.invocations));
};

/** The first step has the crash, the others its recovery. */
const crashOfAll: Fault = (step, since) => {
  if (since === 0) {
    step.errors = 100;
    step.invocations += 100;
  } else if (since <= 10) {
    step.recovered = 5;
    step.expiredMs = 90_000;
    step.replayed = Math.min(15, step.done);
  }
};

export const worker: readonly Incident[] = [
  ...VOLUMES.map((perHour): Incident => ({
    id: `every invocation fails, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 2 * HOUR,
    after: QUIET,
    fault: allFail(),
    verdict: page(perHour <= 3 ? 120 : 20),
    why: "A broken bundle, a variable that is missing, a policy changed by hand.",
  })),
  ...VOLUMES.slice(3).map((perHour): Incident => ({
    id: `half of the invocations fail, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 2 * HOUR,
    after: QUIET,
    fault: someFail(0.5),
    verdict: page(20),
    why: "Each takes ten files with it until their leases expire.",
  })),
  ...VOLUMES.slice(3).map((perHour): Incident => ({
    id: `one invocation of twenty fails, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 4 * HOUR,
    after: HOUR,
    fault: someFail(0.05),
    verdict: {},
    why: "Recovery is what leases are for; if files come late, the objectives say so.",
  })),
  ...[3, 20, 3600, 360_000].map((perHour): Incident => ({
    id: `all workers crash at once, and recover, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: HOUR,
    after: QUIET,
    fault: crashOfAll,
    verdict: {},
    why: "It has healed before anybody is awake.",
  })),
  ...[3, 20, 200, 3600].map((perHour): Incident => ({
    id: `one message kills each worker that takes it, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 6 * HOUR,
    after: HOUR,
    fault: (step, since) => {
      if (since < 3 * HOUR && since % 15 === 0) {
        step.errors = 1;
        step.invocations += 1;
      }
      if (since >= 3 * HOUR) step.dead = 1;
    },
    verdict: { ticket: { runbook: "dead-letters", within: 190 } },
    why: "One file is missing, and the queue gives it up by itself.",
  })),
  ...[3, 3600].map((perHour): Incident => ({
    id: `every invocation of the long lane fails, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 6 * HOUR,
    after: 4 * HOUR,
    fault: (step) => {
      step.longInvocations = Math.max(1, step.longInvocations);
      step.longErrors = step.longInvocations;
      step.finishedLong = 0;
    },
    verdict: page(190, 190),
    why: "Long files do not arrive. An invocation takes a quarter of an hour, so it cannot be known at once.",
  })),
  ...[20, 3600].map((perHour): Incident => ({
    id: `invocations run into their time-out, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 2 * HOUR,
    after: HOUR,
    fault: (step) => (step.durationMs = 119_000),
    verdict: { ticket: { runbook: "worker-timing-out", within: 20 } },
    why: "Files wait for their lease to expire, and arrive.",
  })),
  {
    id: "functions are throttled now and then",
    perHour: 3600,
    before: 4 * HOUR,
    lasts: 2 * HOUR,
    after: HOUR,
    fault: (step) => (step.throttles = 5),
    verdict: { ticket: { runbook: "functions-throttled", within: 20 } },
    why: "The account's concurrency is nearly used up.",
  },
];
