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

export const whenSilentFor5Minutes = (runs: MetricSource): readonly [Condition] => [
  {
    metrics: { runs },
    // Without FILL this takes seven minutes: CloudWatch also looks at points before the last five, and counts them.
    expression: "FILL(runs, 0)",
    periodMinutes: 1,
    periods: 5,
    comparison: "<",
    threshold: 1,
    missing: "breaching",
  },
];

export const sum = { statistic: "Sum" } as const;
export const maximum = { statistic: "Maximum" } as const;
