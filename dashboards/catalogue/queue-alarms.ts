/** Alarms on the two work queues: they tell a backlog, which moves, from a stall. */
import type { AlarmSettings, AwsMetricKey, Condition, MetricSource } from "./alarm.ts";
import { type AbsoluteAlarm, SECOND_MS, sum } from "./absolute-alarm.ts";

const QUEUE_STALLED = "queue-stalled";

/** A message is lost after 14 days. Half of that is left to do something. */
const LONGEST_DRAIN_MINUTES = 7 * 1440;
const minimum = { statistic: "Minimum" } as const;

const PERIOD_MINUTES = 5;
/**
 * Longer than an invocation, after which at least one message is gone. Of a queue that is new, one minute counts as a
 * whole period, so all others have to be longer than an invocation.
 */
const periodsOf = (timeoutMs: number): number => 1 + Math.ceil(timeoutMs / (PERIOD_MINUTES * 60 * SECOND_MS));

/**
 * A worker deletes a message when its job is finished, handed over, or waits: each time, something has moved. What
 * counts is how long those that wait need at that pace. SQS reports zeros of a queue in use, so nothing is filled in:
 * metrics that come five minutes late would look as if the last period had no work.
 */
const whileHardlyAnythingMoves = (work: MetricSource, moved: AwsMetricKey, periods: number): readonly [Condition] => [
  {
    metrics: { work, moved: { aws: moved, ...sum } },
    expression: `IF(${LONGEST_DRAIN_MINUTES / PERIOD_MINUTES} * moved < work, work, 0)`,
    periodMinutes: PERIOD_MINUTES,
    periods,
    comparison: ">=",
    threshold: 1,
    missing: "notBreaching",
  },
];

export const queueAlarms = ({ workerTimeoutMs, longWorkerTimeoutMs }: AlarmSettings): readonly AbsoluteAlarm[] => [
  {
    id: QUEUE_STALLED,
    slo: "time-to-complete-median",
    title: "The queue does not move",
    severity: "page",
    happened:
      "For longer than an invocation may take, messages have waited in the queue, and none was finished, handed over or put off, or so few that the others would take a week.",
    felt: "Files that were asked for do not arrive, and new ones queue up behind them.",
    why: "Ten minutes. An invocation takes two at the most, and its messages are deleted whatever becomes of their jobs, so a backlog that moves deletes some, however long it is. The queue forgets after 14 days, so at less than a week's pace it does not count as moving. Messages that are delayed, as those of jobs that wait, are not counted.",
    runbook: QUEUE_STALLED,
    conditions: whileHardlyAnythingMoves(
      { aws: "messagesVisible", ...minimum },
      "messagesDeleted",
      periodsOf(workerTimeoutMs),
    ),
  },
  {
    id: "long-queue-stalled",
    slo: "time-to-complete-tail",
    title: "The long lane's queue does not move",
    severity: "page",
    happened:
      "For longer than an invocation may take, messages have waited in the queue of the long lane, and none was finished or put off, or so few that the others would take a week.",
    felt: "Long files do not arrive. Short ones do not wait for them.",
    why: "Twenty minutes. An invocation takes 15 at the most, and all of them may have begun at the same time.",
    runbook: QUEUE_STALLED,
    conditions: whileHardlyAnythingMoves(
      { aws: "longMessagesVisible", ...minimum },
      "longMessagesDeleted",
      periodsOf(longWorkerTimeoutMs),
    ),
  },
];
