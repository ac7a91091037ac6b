/** The objectives as data. Alarms, dashboards, runbook links, reports and the table in the docs are made from them. */
import type { MetricName } from "../../core/telemetry/metrics.ts";

/** Both must hold. The fewer bad events there are, the larger their share must be: three of four are no chance. */
export interface Tier {
  readonly leastBad: number;
  /** The least share of bad events among the valid ones. */
  readonly share: number;
}

export interface BurnRule {
  readonly id: string;
  readonly severity: "page" | "ticket";
  readonly longMinutes: number;
  /** Any of them is enough. The last has the rule's own share, which `factor` times the budget is. */
  readonly tiers: readonly Tier[];
  /** Shows whether the burn goes on: pages are over soon after it. Undefined of tickets. */
  readonly short: { readonly minutes: number; readonly tier: Tier } | undefined;
  /** How many times faster than allowed the budget is spent when the rule holds. */
  readonly factor: number;
  /** Whether the failures of the worst host are left out: one host that is down is no reason to wake anybody. */
  readonly isWithoutWorstHost?: boolean;
  /** The rule whose alarm, while it is on, says all that this one could. */
  readonly saidBy?: string;
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

/** The least share of bad events at which the rule holds, whatever their number. */
export const badRatioOf = (slo: Slo, { factor }: BurnRule): number => Number((factor * budgetOf(slo)).toFixed(9));

const HOUR = 60;
const DAY = 1440;
const WEEK = 7 * DAY;

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
      {
        id: "fast",
        ...page,
        longMinutes: HOUR,
        // A quarter of the day's budget in an hour.
        factor: 6,
        tiers: [
          { leastBad: 3, share: 0.1 },
          { leastBad: 4, share: 0.03 },
        ],
        short: { minutes: 30, tier: { leastBad: 1, share: 0.005 } },
        isWithoutWorstHost: true,
        saidBy: "slow",
      },
      {
        id: "slow",
        ...page,
        longMinutes: 6 * HOUR,
        // Half of it in six hours.
        factor: 2,
        tiers: [
          { leastBad: 3, share: 0.15 },
          { leastBad: 5, share: 0.01 },
        ],
        short: { minutes: 2 * HOUR, tier: { leastBad: 1, share: 0.005 } },
        isWithoutWorstHost: true,
      },
      {
        id: "breached",
        ...ticket,
        longMinutes: DAY,
        factor: 1,
        tiers: [{ leastBad: 4, share: 0.005 }],
        short: undefined,
      },
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
    rules: [
      {
        id: "breached",
        ...ticket,
        longMinutes: DAY,
        factor: 1,
        tiers: [{ leastBad: 50, share: 0.5 }],
        short: undefined,
      },
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
      {
        id: "fast",
        ...page,
        longMinutes: HOUR,
        factor: 6,
        // A hundred videos an hour are slow although nothing is wrong. Three hundred slow files are not one producer's.
        tiers: [{ leastBad: 300, share: 0.3 }],
        short: { minutes: 30, tier: { leastBad: 10, share: 0.1 } },
      },
      {
        id: "breached",
        ...ticket,
        longMinutes: DAY,
        factor: 1,
        tiers: [
          { leastBad: 10, share: 0.5 },
          { leastBad: 30, share: 0.05 },
        ],
        short: undefined,
      },
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
    // So few leases expire that the absolute alarms on the reconciler fire long before this one.
    rules: [
      {
        id: "breached",
        ...ticket,
        longMinutes: WEEK,
        factor: 1,
        tiers: [{ leastBad: 5, share: 0.001 }],
        short: undefined,
      },
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
    // A ticket: users feel a slow lease only through the time to complete. Sixty, because cold starts cause some.
    rules: [
      {
        id: "breached",
        ...ticket,
        longMinutes: DAY,
        factor: 1,
        tiers: [{ leastBad: 60, share: 0.01 }],
        short: undefined,
      },
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
      {
        id: "slow",
        ...ticket,
        longMinutes: 6 * HOUR,
        // A fifth of the week's budget. One crashed batch replays up to ten operations.
        factor: 5.6,
        tiers: [
          { leastBad: 20, share: 0.5 },
          { leastBad: 84, share: 0.28 },
        ],
        short: undefined,
      },
      {
        id: "breached",
        ...ticket,
        longMinutes: WEEK,
        factor: 1,
        tiers: [{ leastBad: 50, share: 0.05 }],
        short: undefined,
      },
    ],
    summary: "Nothing wrong is delivered, but work starts again and again. Files are late and cost more.",
    runbook: "operation-replay",
  },
];
