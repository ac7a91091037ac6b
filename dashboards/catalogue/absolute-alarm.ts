/** What alarms on a number are made of. */
import type { Alarm, Condition, MetricSource } from "./alarm.ts";

export const SECOND_MS = 1000;

/** If it names no runbook, its runbook is the page named like its id. */
export type AbsoluteAlarm = Omit<Alarm, "kind" | "runbook"> & Partial<Pick<Alarm, "runbook">>;

export const whenAtLeast = (
  threshold: number,
  source: MetricSource,
  periodMinutes: number,
  periods = 1,
): readonly [Condition] => [
  { metrics: { value: source }, periodMinutes, periods, comparison: ">=", threshold, missing: "notBreaching" },
];

export const whenSilentForQuarterHour = (runs: MetricSource): readonly [Condition] => [
  {
    metrics: { runs },
    // Without FILL it takes longer: CloudWatch also looks at points before the last three periods, and counts them.
    expression: "FILL(runs, 0)",
    // Metrics may come five minutes late: then the last period is empty, and those before it are not.
    periodMinutes: 5,
    periods: 3,
    comparison: "<",
    threshold: 1,
    missing: "breaching",
  },
];

/** Work for a reader of the table's stream, which Lambda has not even started. */
export const whenNeverStarted = (
  work: MetricSource,
  least: number,
  invocations: MetricSource,
  periodMinutes: number,
  periods = 1,
): readonly [Condition] => [
  {
    metrics: { work, invocations },
    // A function that was never started has no metric at all, and whether FILL makes points of that is not documented.
    expression: "FILL(IF(SUM([invocations, 0 * work]) < 1, work, 0), 0)",
    periodMinutes,
    periods,
    comparison: ">=",
    threshold: least,
    missing: "notBreaching",
  },
];

export const sum = { statistic: "Sum" } as const;
export const maximum = { statistic: "Maximum" } as const;
