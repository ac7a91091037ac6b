/** Alarms on the functions that download, one for each lane. */
import type { AlarmSettings, AwsMetricKey, Condition } from "./alarm.ts";
import { type AbsoluteAlarm, maximum, SECOND_MS, sum, whenAtLeast } from "./absolute-alarm.ts";

/** An invocation hands its files on long before its time-out. One that runs this close to it has not done so. */
const NEAR_THE_TIMEOUT_MS = 5 * SECOND_MS;

const whenTenthFails = (errors: AwsMetricKey, invocations: AwsMetricKey): readonly [Condition] => [
  {
    metrics: { errors: { aws: errors, ...sum }, invocations: { aws: invocations, ...sum } },
    expression: "IF(FILL(errors, 0) >= 3, errors / invocations, 0)",
    periodMinutes: 15,
    periods: 1,
    comparison: ">=",
    threshold: 0.1,
    missing: "notBreaching",
  },
];

export const workerAlarms = ({ workerTimeoutMs, longWorkerTimeoutMs }: AlarmSettings): readonly AbsoluteAlarm[] => [
  {
    id: "worker-failing",
    slo: "job-completion",
    title: "The worker fails",
    severity: "page",
    happened: "At least a tenth of the worker's invocations ended in an error of the function itself, not of a job.",
    felt: "Files are late by the time a lease takes to expire, or do not arrive at all.",
    why: "A failing job is reported as a batch item and is not counted here. The threshold is three errors and a tenth: a bad deployment fails nearly all invocations, and a single crash only one of many.",
    conditions: whenTenthFails("workerErrors", "workerInvocations"),
  },
  {
    id: "long-worker-failing",
    slo: "job-completion",
    title: "The long lane's worker fails",
    severity: "page",
    happened: "At least a tenth of the invocations of the long lane's worker ended in an error of the function itself.",
    felt: "Long files are late by the time a lease takes to expire, or do not arrive at all. Short ones arrive.",
    why: "The same as for the worker of the short lane, whose many invocations would hide these.",
    runbook: "worker-failing",
    conditions: whenTenthFails("longWorkerErrors", "longWorkerInvocations"),
  },
  {
    id: "worker-timing-out",
    title: "The worker times out",
    severity: "ticket",
    happened: "An invocation came within five seconds of its time-out, so it did not hand its files over in time.",
    felt: "Those files wait until their lease expires.",
    why: "An invocation stops taking on work 10 seconds before its time-out, the deadline buffer. 5 of these seconds are enough to save a checkpoint.",
    conditions: whenAtLeast(workerTimeoutMs - NEAR_THE_TIMEOUT_MS, { aws: "workerDuration", ...maximum }, 15),
  },
  {
    id: "long-worker-timing-out",
    title: "The long lane's worker times out",
    severity: "ticket",
    happened: "An invocation came within five seconds of its time-out, so it did not hand its file on in time.",
    felt: "That file waits until its lease expires.",
    why: "An invocation stops taking on work 30 seconds before its time-out, the deadline buffer. 25 of these seconds are enough to save a checkpoint.",
    runbook: "worker-timing-out",
    conditions: whenAtLeast(longWorkerTimeoutMs - NEAR_THE_TIMEOUT_MS, { aws: "longWorkerDuration", ...maximum }, 15),
  },
  {
    id: "functions-throttled",
    title: "Functions are throttled",
    severity: "ticket",
    happened: "Ten times within 15 minutes, Lambda had no concurrency left to start a worker or the reconciler.",
    felt: "Files wait longer in the queue.",
    why: "The event source keeps to its own maximum, so throttles mean that the account's concurrency is used up. Fewer than ten are normal for a moment while functions scale up.",
    conditions: [
      {
        metrics: {
          worker: { aws: "workerThrottles", ...sum },
          longWorker: { aws: "longWorkerThrottles", ...sum },
          reconciler: { aws: "reconcilerThrottles", ...sum },
        },
        expression: "FILL(worker, 0) + FILL(longWorker, 0) + FILL(reconciler, 0)",
        periodMinutes: 15,
        periods: 1,
        comparison: ">=",
        threshold: 10,
        missing: "notBreaching",
      },
    ],
  },
];
