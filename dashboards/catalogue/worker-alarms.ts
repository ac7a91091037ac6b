/** Alarms on the functions that download, one for each lane. */
import type { AlarmSettings, AwsMetricKey, Condition } from "./alarm.ts";
import { type Events, whenShareIsBad } from "./burn-alarms.ts";
import { type AbsoluteAlarm, maximum, SECOND_MS, sum, whenAtLeast } from "./absolute-alarm.ts";

/** An invocation hands its files on long before its time-out. One that runs this close to it has not done so. */
const NEAR_THE_TIMEOUT_MS = 5 * SECOND_MS;

/** In three periods in a row: a crash of all workers at once is in one of them, and heals by itself. */
const whenShareFails = (
  errors: AwsMetricKey,
  invocations: AwsMetricKey,
  share: number,
  periodMinutes: number,
): readonly [Condition] => [
  {
    metrics: { errors: { aws: errors, ...sum }, invocations: { aws: invocations, ...sum } },
    // Where nothing ran there is no quotient, and older periods would count in its place.
    expression: "FILL(errors / invocations, 0)",
    periodMinutes,
    periods: 3,
    comparison: ">=",
    threshold: share,
    missing: "notBreaching",
  },
];

/** Work that the table, a queue or S3 does not let the worker do. A job that it has begun counts as well. */
const deliveries: Events = {
  metrics: {
    failing: { ours: "MessagesFailing", ...sum },
    taken: { ours: "LeasesTaken", ...sum },
  },
  derived: { bad: "FILL(failing, 0)", valid: "FILL(failing, 0) + FILL(taken, 0)" },
};

export const workerAlarms = ({ workerTimeoutMs, longWorkerTimeoutMs }: AlarmSettings): readonly AbsoluteAlarm[] => [
  {
    id: "deliveries-failing",
    slo: "job-completion",
    title: "Work that is delivered cannot be done",
    severity: "page",
    happened:
      "Over two hours, and still in the last one, messages or jobs could not be worked on at their first try: the table, a queue or S3 refused.",
    felt: "Files are late. What is refused 16 times goes to the dead letters.",
    why: "The worker itself runs, so no invocation fails, and no job is failed for what is not its fault. First tries are counted, since one poisonous message is tried 16 times. The fewer they are, the larger their share must be.",
    conditions: [
      whenShareIsBad(deliveries, 120, [
        { leastBad: 3, share: 0.3 },
        { leastBad: 5, share: 0.1 },
      ]),
      whenShareIsBad(deliveries, 60, [{ leastBad: 1, share: 0.01 }]),
    ],
  },
  {
    id: "worker-failing",
    slo: "job-completion",
    title: "The worker fails",
    severity: "page",
    happened:
      "In three periods of five minutes in a row, at least a fifth of the worker's invocations ended in an error of the function itself, not of a job.",
    felt: "Files are late by the time a lease takes to expire, or do not arrive at all.",
    why: "A failing job is reported as a batch item and is not counted here. One message that kills its worker comes back every twelve minutes, which is never three periods in a row, and a crash of all workers at once is in one period.",
    conditions: whenShareFails("workerErrors", "workerInvocations", 0.2, 5),
  },
  {
    id: "long-worker-failing",
    slo: "job-completion",
    title: "The long lane's worker fails",
    severity: "page",
    happened:
      "In three hours in a row, at least half of the invocations of the long lane's worker ended in an error of the function itself.",
    felt: "Long files are late by the time a lease takes to expire, or do not arrive at all. Short ones arrive.",
    why: "The many invocations of the short lane would hide these. A message of the long lane that kills its worker comes back every 90 minutes, which is never three hours in a row.",
    runbook: "worker-failing",
    conditions: whenShareFails("longWorkerErrors", "longWorkerInvocations", 0.5, 60),
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
