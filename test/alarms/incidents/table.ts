/** The table, a queue or S3 does not let the worker do its work. */
import type { Incident } from "./incident.ts";
import type { Fault } from "./plant.ts";
import { HOUR, LATE, ON_TIME, QUIET, share, stopped, VOLUMES } from "./volumes.ts";

const page = (within: number) => ({ page: { runbook: "deliveries-failing", within, over: 75 } });

const tableRefuses = (perHour: number): Fault => {
  let waiting = 0;
  return (step, since) => {
    stopped(step, since);
    step.failing = step.arrived;
    step.failingAgain = step.arrived * 5;
    waiting += step.arrived;
    step.waiting = perHour >= 3600 ? waiting : 0;
    // After 16 receives, which take a quarter of an hour at least.
    step.dead = since < 20 ? 0 : Math.ceil(waiting / 2);
  };
};

const s3Refuses: Fault = (step, since) => {
  step.failing = step.arrived;
  step.done = 0;
  step.slow = 0;
  step.announced = 0;
  step.failingAgain = since < 10 ? 0 : step.arrived * 2;
};

const someRefused = (part: number): Fault => {
  const of = share(part);
  return (step) => {
    step.failing = of(step.arrived);
    step.tableThrottles = 60;
  };
};

/** One message that cannot be worked on, 16 times, and is a dead letter then. */
const poison =
  (messages: number): Fault =>
  (step, since) => {
    if (since === 0) step.failing = messages;
    if (since < 15) step.failingAgain = 5 * messages;
    else step.dead = messages;
  };

export const table: readonly Incident[] = [
  ...VOLUMES.flatMap((perHour): readonly Incident[] =>
    [ON_TIME, LATE].map((late) => ({
      id: `the table refuses everything, ${perHour} an hour, metrics ${late.ours} minutes late`,
      perHour,
      before: 4 * HOUR,
      lasts: 2 * HOUR,
      after: QUIET,
      late,
      fault: tableRefuses(perHour),
      verdict: page((perHour <= 3 ? 120 : 20) + late.ours),
      why: "Nothing runs, and nothing but these deliveries shows it: no invocation fails, no job is failed.",
    })),
  ),
  ...VOLUMES.map((perHour): Incident => ({
    id: `S3 refuses every object, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 2 * HOUR,
    after: QUIET,
    fault: s3Refuses,
    verdict: page(perHour <= 3 ? 120 : 25),
    why: "Jobs are retried for an hour before the first of them fails.",
  })),
  ...[3600, 360_000, 36_000_000].map((perHour): Incident => ({
    id: `the table refuses one delivery of twenty for an hour, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: HOUR,
    after: QUIET,
    fault: someRefused(0.05),
    verdict: { ticket: { runbook: "table-throttled", within: 25 } },
    why: "Each comes back within seconds, and nothing is lost.",
  })),
  ...VOLUMES.slice(1).map((perHour): Incident => ({
    id: `the table is gone for five minutes, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 5,
    after: QUIET,
    fault: (step) => {
      step.failing = step.arrived;
      step.done = 0;
      step.slow = 0;
      step.leases = 0;
    },
    verdict: { silent: true },
    why: "It heals before anybody could have opened a laptop.",
  })),
  ...[3, 20, 3600].map((perHour): Incident => ({
    id: `one poisonous message, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 4 * HOUR,
    after: HOUR,
    fault: poison(1),
    verdict: { ticket: { runbook: "dead-letters", within: 30 } },
    why: "A ticket at most: one file is missing.",
  })),
  {
    id: "four poisonous messages of twenty an hour",
    perHour: 20,
    before: 4 * HOUR,
    lasts: 4 * HOUR,
    after: HOUR,
    fault: poison(4),
    verdict: { ticket: { runbook: "dead-letters", within: 30 } },
    why: "One producer's mistake.",
  },
  ...[20, 3600].map((perHour): Incident => ({
    id: `dead letters grow from one to many, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 6 * HOUR,
    after: HOUR,
    fault: (step, since) => (step.dead = 1 + since),
    verdict: { ticket: { runbook: "dead-letters", within: 10 } },
    why: "A second ticket says that it goes on; the first stays open.",
  })),
  ...[3, 3600].map((perHour): Incident => ({
    id: `reads of the index are throttled, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 2 * HOUR,
    after: HOUR,
    fault: (step) => (step.indexReadThrottles = 80),
    verdict: { ticket: { runbook: "table-throttled", within: 25 } },
    why: "The reconciler reads it: what crashed is found late.",
  })),
  {
    id: "writes are throttled for ten minutes while traffic grows tenfold",
    perHour: 360_000,
    before: 4 * HOUR,
    lasts: 10,
    after: HOUR,
    fault: (step) => (step.tableThrottles = 5000),
    verdict: { silent: true },
    why: "An on-demand table does that, and the SDK tries again.",
  },
];
