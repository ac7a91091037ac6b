/** The objectives, as data: alarms, dashboards, runbook links, reports and the table in the docs are made from them. */
import type { MetricName } from "../../core/telemetry/metrics.ts";

export interface BurnRule {
  readonly id: string;
  readonly severity: "page" | "ticket";
  readonly longMinutes: number;
  /** Whether it still goes on. Undefined where the long window is the objective's own: then all of it is spent. */
  readonly shortMinutes: number | undefined;
  /** How many times faster than allowed the budget is spent. */
  readonly factor: number;
  /** Valid events in the long window below which a ratio says nothing. */
  readonly leastEvents: number;
}

export interface Slo {
  readonly id: string;
  readonly title: string;
  /** Share of good events among the valid ones. */
  readonly objective: number;
  readonly windowDays: 1 | 7 | 30;
  readonly bad: MetricName;
  /** Their sum is the number of valid events. */
  readonly total: readonly MetricName[];
  readonly rules: readonly BurnRule[];
  /** What users feel when it is missed. */
  readonly summary: string;
  /** Page in docs/runbooks/, without its ending. */
  readonly runbook: string;
}

/** Fewer bad events than that are chance, whatever their share. */
export const LEAST_BAD_EVENTS = 3;

/** What the budget is: the share of events that may be bad. Rounded, since 1 - 0.995 is not 0.005 to a computer. */
export const budgetOf = ({ objective }: Slo): number => Number((1 - objective).toFixed(9));

/** The share of bad events from which on a rule holds. */
export const badRatioOf = (slo: Slo, { factor }: BurnRule): number => Number((factor * budgetOf(slo)).toFixed(9));

/**
 * Factor = share of the budget x objective's window / long window. A day: 25 % within an hour, 50 % within six, all.
 * Least events: at 99.5 % they are those of which `LEAST_BAD_EVENTS` make the ratio; a laxer objective would need fewer,
 * but three slow jobs of ten are one producer's big files, so none goes below these.
 */
const DAY = {
  fast: { id: "fast", longMinutes: 60, shortMinutes: 5, factor: 6, leastEvents: 100 },
  slow: { id: "slow", longMinutes: 360, shortMinutes: 30, factor: 2, leastEvents: 300 },
  breached: { id: "breached", longMinutes: 1440, shortMinutes: undefined, factor: 1, leastEvents: 600 },
} as const;

/** A week: 10 % within an hour, 20 % within six, 40 % within a day, all. */
const WEEK = {
  fast: { id: "fast", longMinutes: 60, shortMinutes: 5, factor: 16.8 },
  slow: { id: "slow", longMinutes: 360, shortMinutes: 30, factor: 5.6 },
  day: { id: "day", longMinutes: 1440, shortMinutes: 120, factor: 2.8 },
  breached: { id: "breached", longMinutes: 10_080, shortMinutes: undefined, factor: 1 },
} as const;

const page = { severity: "page" } as const;
const ticket = { severity: "ticket" } as const;

export const SLOS: readonly Slo[] = [
  {
    id: "job-completion",
    title: "Job completion",
    objective: 0.995,
    windowDays: 1,
    bad: "JobsFailed",
    total: ["JobsCompleted", "JobsFailed"],
    rules: [
      { ...DAY.fast, ...page },
      { ...DAY.slow, ...page },
      { ...DAY.breached, ...ticket },
    ],
    summary: "Files that could have been fetched are reported as failed, and stay so.",
    runbook: "job-completion",
  },
  {
    id: "time-to-complete-median",
    title: "Time to complete, median",
    objective: 0.5,
    windowDays: 1,
    bad: "JobsSlowerThanMedianGoal",
    total: ["JobsCompleted"],
    // Half of all jobs may be slow, so no factor above 2 can be reached. 1.5 in six hours: three jobs of four.
    rules: [
      { ...DAY.slow, ...ticket, factor: 1.5 },
      { ...DAY.breached, ...ticket },
    ],
    summary: "Most files arrive later than half a minute after they were asked for.",
    runbook: "time-to-complete-median",
  },
  {
    id: "time-to-complete-tail",
    title: "Time to complete, 95th percentile",
    objective: 0.95,
    windowDays: 1,
    bad: "JobsSlowerThanTailGoal",
    total: ["JobsCompleted"],
    rules: [
      { ...DAY.fast, ...page },
      { ...DAY.slow, ...ticket },
      { ...DAY.breached, ...ticket },
    ],
    summary: "More than a few files arrive later than two minutes after they were asked for.",
    runbook: "time-to-complete-tail",
  },
  {
    id: "crash-recovery",
    title: "Crash recovery",
    objective: 0.999,
    windowDays: 7,
    bad: "LeasesRecoveredLate",
    total: ["LeasesRecovered"],
    // So few leases expire that the absolute alarms on the reconciler speak long before these.
    rules: [
      { ...WEEK.fast, ...page, leastEvents: 179 },
      { ...WEEK.day, ...ticket, leastEvents: 1072 },
      { ...WEEK.breached, ...ticket, leastEvents: 3000 },
    ],
    summary: "Files of crashed workers wait minutes longer than they must.",
    runbook: "crash-recovery",
  },
  {
    id: "lease-acquisition",
    title: "Lease acquisition",
    objective: 0.99,
    windowDays: 1,
    bad: "LeasesSlow",
    total: ["LeasesTaken"],
    // Tickets: nobody feels a slow lease but through the time to complete, which pages; and cold starts make some.
    rules: [
      { ...DAY.fast, ...ticket },
      { ...DAY.slow, ...ticket },
      { ...DAY.breached, ...ticket },
    ],
    summary: "Nothing yet; each file starts later, and a worker that takes long to get its leases costs more.",
    runbook: "lease-acquisition",
  },
  {
    id: "operation-replay",
    title: "Operation replay",
    objective: 0.95,
    windowDays: 7,
    bad: "OperationsReplayed",
    total: ["OperationsCompleted", "OperationsReplayed"],
    // Tickets: a replay is the right answer to a repeated operation. Many of them are somebody's repeated crash.
    rules: [
      { ...WEEK.slow, ...ticket, leastEvents: 300 },
      { ...WEEK.day, ...ticket, leastEvents: 600 },
      { ...WEEK.breached, ...ticket, leastEvents: 1000 },
    ],
    summary: "Nothing wrong is delivered, but work is begun again and again: files are late and cost more.",
    runbook: "operation-replay",
  },
];
