/** Work that waits: a stall is not a backlog. */
import type { Incident } from "./incident.ts";
import type { Fault } from "./plant.ts";
import { DAY, HOUR, LATE, ON_TIME, QUIET, stopped, VOLUMES } from "./volumes.ts";

const page = (within: number, over = 20) => ({ page: { runbook: "queue-stalled", within, over } });

/** Nobody takes messages. */
const nobodyTakes = (): Fault => {
  let waiting = 0;
  return (step, since) => {
    stopped(step, since);
    waiting += step.arrived;
    step.waiting = waiting;
    step.invocations = 0;
  };
};

const backlog =
  (from: number, aStep: number, shorter: number): Fault =>
  (step, since) => {
    step.waiting = Math.max(0, from - (since / 5) * shorter);
    if (step.waiting === 0) return;
    step.finished = aStep;
    step.done = aStep;
    step.slow = 0;
    step.leases = aStep;
    step.invocations = Math.ceil(aStep / 10);
    step.announced = Math.ceil(aStep / 100);
  };

export const queue: readonly Incident[] = [
  ...VOLUMES.flatMap((perHour): readonly Incident[] =>
    [ON_TIME, LATE].map((late) => ({
      id: `the mapping is disabled, ${perHour} an hour, metrics ${late.ours} minutes late`,
      perHour,
      before: 4 * HOUR,
      lasts: 2 * HOUR,
      after: QUIET,
      late,
      fault: nobodyTakes(),
      verdict: page((perHour <= 3 ? 40 : 20) + late.aws),
      why: "Messages wait and nothing moves. That needs no history to be known.",
    })),
  ),
  ...[3600, 360_000].map((perHour): Incident => ({
    id: `the worker is throttled to nothing, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: HOUR,
    after: QUIET,
    fault: ((): Fault => {
      const takes = nobodyTakes();
      return (step, since) => {
        takes(step, since);
        step.throttles = 50;
      };
    })(),
    verdict: page(20),
    why: "The account has no concurrency left. Somebody has to find out who took it.",
  })),
  ...[20, 3600].map((perHour): Incident => ({
    id: `the long lane's mapping is disabled, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 2 * HOUR,
    after: QUIET,
    fault: (step, since) => {
      step.waitingLong = 1 + since / 5;
      step.finishedLong = 0;
      step.longInvocations = 0;
    },
    verdict: page(30),
    why: "Long files do not arrive, and nobody would notice it by the short ones.",
  })),
  ...(
    [
      [360_000, 54_000],
      [36_000_000, 3_024_000],
    ] as const
  ).map(([perHour, aStep]): Incident => ({
    id: `a healthy backlog of two million, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 8 * HOUR,
    after: HOUR,
    fault: backlog(2_000_000, aStep, 24_000),
    verdict: { silent: true },
    why: "It is what the queue is there for.",
  })),
  {
    id: "a backlog of five hundred, one message in five minutes",
    perHour: 3,
    before: 4 * HOUR,
    lasts: DAY,
    after: HOUR,
    fault: backlog(500, 1, 1),
    verdict: { silent: true },
    why: "It moves, and is gone in two days.",
  },
  ...[20, 3600].map((perHour): Incident => ({
    id: `origins that trickle hold every slot for two days, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: DAY,
    after: QUIET,
    fault: (step, since) => {
      step.waiting = 30_000 + since;
      step.finished = since % 15 === 0 ? 1 : 0;
      step.done = step.finished;
      step.slow = 0;
      step.failed = 0;
      step.leases = step.finished;
    },
    verdict: page(150, 135),
    why: "At this pace it takes months. Something moves, so only the time that it would take shows it.",
  })),
  ...[3, 20].map((perHour): Incident => ({
    id: `one message has to wait for an hour, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 3 * HOUR,
    after: HOUR,
    fault: () => undefined,
    verdict: { silent: true },
    why: "An origin asked for it. The job's record waits, and no message does.",
  })),
  {
    id: "200,000 jobs wait for one host that is down",
    perHour: 3600,
    before: 4 * HOUR,
    lasts: 12 * HOUR,
    after: HOUR,
    fault: (step, since) => {
      step.waiting = since % 15 < 10 ? 0 : 40_000;
      step.finished = since % 15 < 10 ? 300 : 66_000;
    },
    verdict: { silent: true },
    why: "Each waits for its host, which is nobody's emergency.",
  },
  ...VOLUMES.map((perHour): Incident => ({
    id: `no job at all for twelve hours, ${perHour} an hour before`,
    perHour,
    before: 4 * HOUR,
    lasts: 12 * HOUR,
    after: HOUR,
    fault: (step, since) => {
      stopped(step, since);
      step.arrived = 0;
      step.refused = 0;
      step.invocations = 0;
      step.longInvocations = 0;
    },
    verdict: { silent: true },
    why: "No work is no trouble.",
  })),
];
