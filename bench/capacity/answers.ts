/** The questions that docs/scale.md answers, each as a simulated run. */
import type { Bill } from "../cost/bill.ts";
import type { StoredResult } from "../cost/stored-results.ts";
import { ceilingsOf, type Ceiling, type CeilingName } from "./ceilings.ts";
import type { Deployment, Limit, Load } from "./deployment.ts";
import { grown, oneLane, sizedFor, twoLanes } from "./deployments.ts";
import type { LaneFigures } from "./lane-state.ts";
import { REGROUPING, loadsOf } from "./loads.ts";
import { monthlyBill } from "./month.ts";
import { simulate, type Outcome } from "./simulate.ts";

const SEED = 1;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const MORE_THAN_EVER = 1e9;
/** A lane with more messages than arrive in this time is behind. */
const BEHIND_S = 30;

export const JOBS_A_SECOND = [100, 1000, 10_000] as const;
export const BACKLOGS = [2_000_000, 20_000_000] as const;
const BY_TIME_MS = [1000, 5000, 60_000] as const;

interface LanesAnswer {
  readonly what: string;
  readonly jobsASecond: number;
  readonly longASecond: number;
  /** Of the throughput with one lane and no long jobs. */
  readonly share: number;
}

export interface Reached {
  readonly outcome: Outcome;
  readonly jobsASecond: number;
  readonly heldBackBy: readonly CeilingName[];
  readonly next: Ceiling;
}

interface RateAnswer {
  readonly deployment: Deployment;
  readonly jobsASecond: number;
  readonly atFirst: Reached;
  readonly afterHours: Reached;
}

export interface SizeAnswer {
  readonly jobsASecond: number;
  readonly deployment: Deployment;
  readonly outcome: Outcome;
  /** Of a month. */
  readonly bill: Bill;
  readonly billWithoutLong: Bill;
}

export interface DrainAnswer {
  readonly deployment: string;
  readonly jobs: number;
  readonly shortHours: number;
  /** Until each has been sent again with its group. */
  readonly regroupedHours: number;
  readonly allHours: number;
  readonly shortHeldBackBy: CeilingName | undefined;
  readonly longHeldBackBy: CeilingName | undefined;
}

interface WaitingAnswer {
  readonly what: string;
  readonly mostInFlight: number;
  readonly jobsASecond: number;
  readonly waitingAtTheEnd: number;
}

interface CeilingsAnswer {
  readonly deployment: string;
  readonly ceilings: readonly Ceiling[];
}

export interface Answers {
  readonly lanes: readonly LanesAnswer[];
  readonly rates: readonly RateAnswer[];
  readonly sizes: readonly SizeAnswer[];
  readonly drains: readonly DrainAnswer[];
  readonly waiting: readonly WaitingAnswer[];
  readonly ceilings: readonly CeilingsAnswer[];
}

/** The limit that held a lane back for most of the time. */
function mostlyHeldBackBy({ heldBackBy }: LaneFigures, lane: "short" | "long"): CeilingName | undefined {
  const [first] = [...heldBackBy].toSorted(([, a], [, b]) => b - a);
  return first && nameOf(first[0], lane);
}

const nameOf = (limit: Limit, lane: "short" | "long"): CeilingName =>
  limit === "lane" || limit === "scale-up" ? `${lane} lane` : limit;

const steadily = (deployment: Deployment, load: Load, jobsASecond: number): Outcome =>
  simulate(deployment, load, {
    seed: SEED,
    arriveASecond: jobsASecond,
    backlog: 0,
    measuredFromMs: 5 * MINUTE_MS,
    endsMs: 20 * MINUTE_MS,
  });

function reachedBy(deployment: Deployment, load: Load, jobsASecond: number): Reached {
  const outcome = steadily(deployment, load, jobsASecond);
  const { short, long } = outcome;
  const isBehind = ({ visible }: LaneFigures, share: number): boolean => visible > BEHIND_S * jobsASecond * share;
  const held = [
    isBehind(short, 1) ? mostlyHeldBackBy(short, "short") : undefined,
    long !== undefined && isBehind(long, load.long.share) ? mostlyHeldBackBy(long, "long") : undefined,
    outcome.unannounced > BEHIND_S * jobsASecond ? ("announcements" as const) : undefined,
  ];
  const heldBackBy = [...new Set(held.filter((limit) => limit !== undefined))];
  const next = ceilingsOf(deployment, load).find(({ limit }) => !heldBackBy.includes(limit));
  if (next === undefined) throw new RangeError("No limit is left that could be next.");
  return { outcome, jobsASecond: outcome.jobsASecond, heldBackBy, next };
}

function lanesAnswers(small: Load, mixed: Load): readonly LanesAnswer[] {
  const runs: readonly (readonly [string, Deployment, Load])[] = [
    ["one lane, no long jobs", oneLane(), small],
    ["one lane", oneLane(), mixed],
    ["two lanes, HEAD shows the length", twoLanes(), mixed],
    ...BY_TIME_MS.map((ms) => [`two lanes, handed over after ${ms / SECOND_MS} s`, twoLanes(ms), mixed] as const),
  ];
  const saturated = { arriveASecond: 0, backlog: MORE_THAN_EVER, measuredFromMs: 10 * MINUTE_MS, endsMs: HOUR_MS };
  const outcomes = runs.map(
    ([what, deployment, load]) => [what, simulate(grown(deployment), load, { seed: SEED, ...saturated })] as const,
  );
  const full = outcomes[0]?.[1].jobsASecond ?? Number.NaN;
  return outcomes.map(([what, { jobsASecond, longASecond }]) => ({
    what,
    jobsASecond,
    longASecond,
    share: jobsASecond / full,
  }));
}

function drainAnswer(deployment: Deployment, load: Load, jobs: number): DrainAnswer {
  const run = { seed: SEED, arriveASecond: 0, backlog: jobs, measuredFromMs: 0, endsMs: Infinity };
  const { short, long, drainedMs } = simulate(deployment, load, run);
  if (drainedMs === undefined) throw new RangeError(`${deployment.name} never drains ${jobs} jobs.`);
  return {
    deployment: deployment.name,
    jobs,
    regroupedHours: simulate(deployment, REGROUPING, run).short.lastEndedMs / HOUR_MS,
    shortHours: short.lastEndedMs / HOUR_MS,
    allHours: drainedMs / HOUR_MS,
    shortHeldBackBy: mostlyHeldBackBy(short, "short"),
    longHeldBackBy: long && mostlyHeldBackBy(long, "long"),
  };
}

function waitingAnswers(load: Load): readonly WaitingAnswer[] {
  const jobsASecond = 1000;
  return [true, false].map((waitsInFlight) => {
    const deployment = { ...grown(sizedFor(jobsASecond, load)), waitsInFlight };
    const run = { seed: SEED, backlog: 0, measuredFromMs: 0, endsMs: HOUR_MS };
    const outcome = simulate(deployment, load, { ...run, arriveASecond: jobsASecond });
    return {
      what: waitsInFlight ? "a hidden message for each job that waits" : "no message in flight for a job that waits",
      mostInFlight: outcome.short.mostInFlight,
      jobsASecond: outcome.jobsASecond,
      waitingAtTheEnd: outcome.short.visible,
    };
  });
}

const rateAnswer = (deployment: Deployment, load: Load, jobsASecond: number): RateAnswer => ({
  deployment,
  jobsASecond,
  atFirst: reachedBy(deployment, load, jobsASecond),
  afterHours: reachedBy(grown(deployment), load, jobsASecond),
});

export function answersOf(cost: StoredResult, fixed: StoredResult): Answers {
  const { small, mixed, waiting } = loadsOf(cost, fixed);
  const sized = JOBS_A_SECOND.map((rate) => rateAnswer(sizedFor(rate, mixed), mixed, rate));
  const deployments = [oneLane(), twoLanes(), ...sized.map(({ deployment }) => deployment)];
  return {
    lanes: lanesAnswers(small, mixed),
    rates: sized.flatMap((answer) => [
      rateAnswer(oneLane(), mixed, answer.jobsASecond),
      rateAnswer(twoLanes(), mixed, answer.jobsASecond),
      answer,
    ]),
    sizes: sized.map(({ jobsASecond, deployment, afterHours: { outcome } }) => {
      const withoutLong = sizedFor(jobsASecond, small);
      const steady = steadily(grown(withoutLong), small, jobsASecond);
      return {
        jobsASecond,
        deployment,
        outcome,
        bill: monthlyBill(jobsASecond, deployment, mixed, outcome, { cost, fixed }),
        billWithoutLong: monthlyBill(jobsASecond, withoutLong, small, steady, { cost, fixed }),
      };
    }),
    drains: deployments.flatMap((deployment) => BACKLOGS.map((jobs) => drainAnswer(deployment, mixed, jobs))),
    waiting: waitingAnswers(waiting),
    ceilings: [oneLane(), twoLanes(), ...deployments.slice(-1)].map((deployment) => ({
      deployment: deployment.name,
      ceilings: ceilingsOf(deployment, mixed),
    })),
  };
}
