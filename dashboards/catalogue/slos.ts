/** The objectives as data. Alarms, dashboards, runbook links, reports and the table in the docs are made from them. */
import type { MetricName } from "../../core/telemetry/metrics.ts";

export interface BurnRule {
  readonly id: string;
  readonly severity: "page" | "ticket";
  readonly longMinutes: number;
  /** Shows whether the burn goes on. Undefined if the long window is the objective's own: then all budget is spent. */
  readonly shortMinutes: number | undefined;
  /** How many times faster than allowed the budget is spent when the rule holds. */
  readonly factor: number;
  /** With fewer valid events in the long window, a ratio means nothing. */
  readonly leastEvents: number;
}

export interface Slo {
  readonly id: string;
  readonly title: string;
  /** The share of good events, among the valid ones, that must be reached: 0 to 1. */
  readonly objective: number;
  readonly windowDays: 1 | 7 | 30;
  readonly bad: MetricName;
  /** Their sum is the number of valid events. */
  readonly total: readonly MetricName[];
  readonly rules: readonly BurnRule[];
  /** What users feel when it is missed. */
  readonly summary: string;
  /** Page in docs/runbooks/, without `.md`. */
  readonly runbook: string;
}

/** Fewer bad events than this are chance, whatever their share. */
export const LEAST_BAD_EVENTS = 3;

/** The budget: the share of events that may be bad. Rounded, since 1 - 0.995 is not exactly 0.005 in floating point. */
export const budgetOf = ({ objective }: Slo): number => Number((1 - objective).toFixed(9));

/** The least share of bad events at which the rule holds. */
export const badRatioOf = (slo: Slo, { factor }: BurnRule): number => Number((factor * budgetOf(slo)).toFixed(9));

/**
 * Rules of an objective over a day. Factor = share of the budget x objective's window / long window. The shares are
 * 25 % within an hour, 50 % within six hours, and all of it within the day.
 * Least events: at 99.5 % these are the numbers of events of which `LEAST_BAD_EVENTS` make the ratio. A laxer objective
 * would need fewer, but three slow jobs of ten may be one producer's big files, so no rule goes below these numbers.
 */
const DAY = {
  fast: { id: "fast", longMinutes: 60, shortMinutes: 5, factor: 6, leastEvents: 100 },
  slow: { id: "slow", longMinutes: 360, shortMinutes: 30, factor: 2, leastEvents: 300 },
  breached: { id: "breached", longMinutes: 1440, shortMinutes: undefined, factor: 1, leastEvents: 600 },
} as const;

/** Rules over a week: 10 % of the budget within an hour, 20 % within six hours, 40 % within a day, all in the week. */
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
    summary: "Files that could have been fetched are reported as failed, and stay failed.",
    runbook: "job-completion",
  },
  {
    id: "time-to-complete-median",
    title: "Time to complete, median",
    objective: 0.5,
    windowDays: 1,
    bad: "JobsSlowerThanMedianGoal",
    total: ["JobsCompleted"],
    // Half of all jobs may be slow, so a factor above 2 cannot be reached. 1.5 over six hours is three jobs of four.
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
    // So few leases expire that the absolute alarms on the reconciler fire long before these.
    rules: [
      { ...WEEK.fast, ...page, leastEvents: 179 },
      { ...WEEK.day, ...ticket, leastEvents: 1072 },
      { ...WEEK.breached, ...ticket, leastEvents: 3000 },
    ],
    summary: "Files of crashed workers wait minutes longer than necessary.",
    runbook: "crash-recovery",
  },
  {
    id: "lease-acquisition",
    title: "Lease acquisition",
    objective: 0.99,
    windowDays: 1,
    bad: "LeasesSlow",
    total: ["LeasesTaken"],
    // Tickets: users feel a slow lease only through the time to complete, which pages. Cold starts cause some.
    rules: [
      { ...DAY.fast, ...ticket },
      { ...DAY.slow, ...ticket },
      { ...DAY.breached, ...ticket },
    ],
    summary: "Nothing yet. Each file starts later, and a worker that waits for its leases costs more.",
    runbook: "lease-acquisition",
  },
  {
    id: "operation-replay",
    title: "Operation replay",
    objective: 0.95,
    windowDays: 7,
    bad: "OperationsReplayed",
    total: ["OperationsCompleted", "OperationsReplayed"],
    // Tickets: a replay is the right answer to a repeated operation. Many of them mean that something keeps crashing.
    rules: [
      { ...WEEK.slow, ...ticket, leastEvents: 300 },
      { ...WEEK.day, ...ticket, leastEvents: 600 },
      { ...WEEK.breached, ...ticket, leastEvents: 1000 },
    ],
    summary: "Nothing wrong is delivered, but work starts again and again. Files are late and cost more.",
    runbook: "operation-replay",
  },
];
