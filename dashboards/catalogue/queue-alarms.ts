/** Alarms on the two work queues: they tell a backlog, which moves, from a stall. */
import type { AlarmSettings, AwsMetricKey, Condition, MetricSource } from "./alarm.ts";
import { type AbsoluteAlarm, maximum, SECOND_MS, sum } from "./absolute-alarm.ts";

export const OLDEST_MESSAGE = "oldest-message";

const WAITED_TOO_LONG_S = 45 * 60;
const minimum = { statistic: "Minimum" } as const;

const PERIOD_MINUTES = 5;
/**
 * Longer than an invocation, after which at least one message is gone. Of a queue that is new, one minute counts as a
 * whole period, so all others have to be longer than an invocation.
 */
const periodsOf = (timeoutMs: number): number => 1 + Math.ceil(timeoutMs / (PERIOD_MINUTES * 60 * SECOND_MS));

/** A worker deletes a message when its job is finished, handed over, or waits: each time, something has moved. */
const whileNothingMoves = (
  work: MetricSource,
  moved: AwsMetricKey,
  threshold: number,
  periods: number,
): readonly [Condition] => [
  {
    metrics: { work, moved: { aws: moved, ...sum } },
    expression: "IF(FILL(moved, 0) < 1, work, 0)",
    periodMinutes: PERIOD_MINUTES,
    periods,
    comparison: ">=",
    threshold,
    missing: "notBreaching",
  },
];

export const queueAlarms = ({ workerTimeoutMs, longWorkerTimeoutMs }: AlarmSettings): readonly AbsoluteAlarm[] => [
  {
    id: "queue-stalled",
    slo: "time-to-complete-median",
    title: "The queue does not move",
    severity: "page",
    happened:
      "For longer than an invocation may take, messages have waited in the queue, and not one was finished, handed over or put off.",
    felt: "Files that were asked for do not arrive, and new ones queue up behind them.",
    why: "Ten minutes. An invocation takes two at the most, and its messages are deleted whatever becomes of their jobs, so a backlog that moves deletes some, however long it is. Messages that are delayed, as those of jobs that wait, are not counted.",
    runbook: OLDEST_MESSAGE,
    conditions: whileNothingMoves(
      { aws: "messagesVisible", ...minimum },
      "messagesDeleted",
      1,
      periodsOf(workerTimeoutMs),
    ),
  },
  {
    id: "long-queue-stalled",
    slo: "time-to-complete-tail",
    title: "The long lane's queue does not move",
    severity: "page",
    happened:
      "For longer than an invocation may take, messages have waited in the queue of the long lane, and not one was finished or put off.",
    felt: "Long files do not arrive. Short ones do not wait for them.",
    why: "Twenty minutes. An invocation takes 15 at the most, and all of them may have begun at the same time.",
    runbook: OLDEST_MESSAGE,
    conditions: whileNothingMoves(
      { aws: "longMessagesVisible", ...minimum },
      "longMessagesDeleted",
      1,
      periodsOf(longWorkerTimeoutMs),
    ),
  },
  {
    id: OLDEST_MESSAGE,
    slo: "time-to-complete-median",
    title: "A message has waited too long, and nothing moves",
    severity: "page",
    happened: "A message has been in the queue for three quarters of an hour, and lately none was finished.",
    felt: "Files that were asked for do not arrive.",
    why: "For 15 minutes none was deleted. Messages in flight do not wait, so queue-stalled does not see them. In a backlog that moves, messages may be as old as they like. A job that waits for its origin is no reason: each wait is that of a new message, or of no message at all (with the gate off, it is that of a hidden one).",
    conditions: whileNothingMoves(
      { aws: "oldestMessageAge", ...maximum },
      "messagesDeleted",
      WAITED_TOO_LONG_S,
      1 + periodsOf(workerTimeoutMs),
    ),
  },
  {
    id: "long-oldest-message",
    title: "A message of the long lane has waited too long, and nothing moves",
    severity: "ticket",
    happened:
      "A message has been in the queue of the long lane for three quarters of an hour, and lately none was finished.",
    felt: "Long files arrive late. Short ones do not wait for them.",
    why: "Three times the longest invocation, and for 20 minutes none was deleted. Messages in flight do not wait, so long-queue-stalled does not see them.",
    runbook: OLDEST_MESSAGE,
    conditions: whileNothingMoves(
      { aws: "oldestLongMessageAge", ...maximum },
      "longMessagesDeleted",
      WAITED_TOO_LONG_S,
      periodsOf(longWorkerTimeoutMs),
    ),
  },
];
