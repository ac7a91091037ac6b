/** An alarm as data, independent of CloudWatch. */
import type { MetricName } from "../../core/telemetry/metrics.ts";
import type { ContributorRuleId } from "./contributors.ts";

type Statistic = "Sum" | "Maximum" | "Minimum" | "Average";

/** The AWS metrics that alarms and panels read. `of` is the resource that the metric's dimension names. */
export const AWS_METRICS = {
  messagesDead: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", of: "deadLetters" },
  messagesVisible: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", of: "queue" },
  messagesInFlight: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesNotVisible", of: "queue" },
  messagesDeleted: { namespace: "AWS/SQS", name: "NumberOfMessagesDeleted", of: "queue" },
  oldestMessageAge: { namespace: "AWS/SQS", name: "ApproximateAgeOfOldestMessage", of: "queue" },
  urgentMessagesVisible: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", of: "urgentQueue" },
  urgentMessagesInFlight: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesNotVisible", of: "urgentQueue" },
  urgentMessagesDeleted: { namespace: "AWS/SQS", name: "NumberOfMessagesDeleted", of: "urgentQueue" },
  oldestUrgentMessageAge: { namespace: "AWS/SQS", name: "ApproximateAgeOfOldestMessage", of: "urgentQueue" },
  longMessagesVisible: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", of: "longQueue" },
  longMessagesInFlight: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesNotVisible", of: "longQueue" },
  longMessagesDeleted: { namespace: "AWS/SQS", name: "NumberOfMessagesDeleted", of: "longQueue" },
  oldestLongMessageAge: { namespace: "AWS/SQS", name: "ApproximateAgeOfOldestMessage", of: "longQueue" },
  workerInvocations: { namespace: "AWS/Lambda", name: "Invocations", of: "worker" },
  workerErrors: { namespace: "AWS/Lambda", name: "Errors", of: "worker" },
  workerThrottles: { namespace: "AWS/Lambda", name: "Throttles", of: "worker" },
  workerDuration: { namespace: "AWS/Lambda", name: "Duration", of: "worker" },
  workerConcurrency: { namespace: "AWS/Lambda", name: "ConcurrentExecutions", of: "worker" },
  longWorkerInvocations: { namespace: "AWS/Lambda", name: "Invocations", of: "longWorker" },
  longWorkerErrors: { namespace: "AWS/Lambda", name: "Errors", of: "longWorker" },
  longWorkerThrottles: { namespace: "AWS/Lambda", name: "Throttles", of: "longWorker" },
  longWorkerDuration: { namespace: "AWS/Lambda", name: "Duration", of: "longWorker" },
  longWorkerConcurrency: { namespace: "AWS/Lambda", name: "ConcurrentExecutions", of: "longWorker" },
  reconcilerErrors: { namespace: "AWS/Lambda", name: "Errors", of: "reconciler" },
  reconcilerThrottles: { namespace: "AWS/Lambda", name: "Throttles", of: "reconciler" },
  announcerInvocations: { namespace: "AWS/Lambda", name: "Invocations", of: "announcer" },
  archiverInvocations: { namespace: "AWS/Lambda", name: "Invocations", of: "archiver" },
  announcerLag: { namespace: "AWS/Lambda", name: "IteratorAge", of: "announcer" },
  archiverLag: { namespace: "AWS/Lambda", name: "IteratorAge", of: "archiver" },
  streamRecordsDead: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", of: "streamDeadLetters" },
  rolloutInvocations: { namespace: "AWS/Lambda", name: "Invocations", of: "rollout" },
  rolloutErrors: { namespace: "AWS/Lambda", name: "Errors", of: "rollout" },
  batchesInvocations: { namespace: "AWS/Lambda", name: "Invocations", of: "batches" },
  batchesErrors: { namespace: "AWS/Lambda", name: "Errors", of: "batches" },
  tableReadThrottles: { namespace: "AWS/DynamoDB", name: "ReadThrottleEvents", of: "table" },
  tableWriteThrottles: { namespace: "AWS/DynamoDB", name: "WriteThrottleEvents", of: "table" },
  indexReadThrottles: { namespace: "AWS/DynamoDB", name: "ReadThrottleEvents", of: "watchIndex" },
  indexWriteThrottles: { namespace: "AWS/DynamoDB", name: "WriteThrottleEvents", of: "watchIndex" },
  tableWriteUnits: { namespace: "AWS/DynamoDB", name: "ConsumedWriteCapacityUnits", of: "table" },
  recordsForgotten: { namespace: "AWS/DynamoDB", name: "TimeToLiveDeletedItemCount", of: "table" },
} as const;

export type AwsMetricKey = keyof typeof AWS_METRICS;
export type AwsResource = (typeof AWS_METRICS)[AwsMetricKey]["of"];

export type MetricSource =
  | { readonly ours: MetricName; readonly statistic: Statistic }
  | { readonly aws: AwsMetricKey; readonly statistic: Statistic }
  | { readonly contributors: ContributorRuleId; readonly statistic: "MaxContributorValue" };

export interface Condition {
  /** Keyed by the names that the expression uses. */
  readonly metrics: Readonly<Record<string, MetricSource>>;
  /** Expressions that the main one uses, by the names that it uses. */
  readonly derived?: Readonly<Record<string, string>>;
  /** Undefined if the condition compares its only metric directly. */
  readonly expression?: string;
  readonly periodMinutes: number;
  /** The condition must hold in this many periods in a row. */
  readonly periods: number;
  readonly comparison: ">=" | "<";
  readonly threshold: number;
  readonly missing: "notBreaching" | "breaching";
}

/** An alarm that notifies somebody. If it has two conditions, both must hold at the same time. */
export interface Alarm {
  readonly id: string;
  readonly kind: "burn" | "absolute";
  /** Id of the objective that it guards. Undefined if it guards none. */
  readonly slo?: string;
  readonly title: string;
  readonly severity: "page" | "ticket";
  readonly happened: string;
  readonly felt: string;
  /** Why the threshold is what it is. */
  readonly why: string;
  /** Page in docs/runbooks/, without `.md`. The alarm's section on that page is headed with its id. */
  readonly runbook: string;
  /** Id of an alarm that, while it is on, says all that this one could: meanwhile this one notifies nobody. */
  readonly saidBy?: string;
  readonly conditions: readonly [Condition] | readonly [long: Condition, short: Condition];
}

/** Id of the composite that is in ALARM while any alarm that pages for an objective is in ALARM. */
export const SLO_BURNING = "slo-burning";
export const pagesForSlo = ({ severity, slo }: Alarm): boolean => severity === "page" && slo !== undefined;

/** Settings that differ between environments and that thresholds are computed from. */
export interface AlarmSettings {
  readonly workerTimeoutMs: number;
  readonly longWorkerTimeoutMs: number;
  /** Only an environment that archives expired records has an archiver. */
  readonly expiredRecords: "delete" | "archive" | "keep";
  /** Only an environment that announces stored files has an announcer. */
  readonly announcements: "single" | "batched" | "none";
}

export const minutesInWords = (minutes: number): string => {
  if (minutes % 10_080 === 0) return minutes === 10_080 ? "a week" : `${minutes / 10_080} weeks`;
  if (minutes % 1440 === 0) return minutes === 1440 ? "a day" : `${minutes / 1440} days`;
  if (minutes % 60 === 0) return minutes === 60 ? "an hour" : `${minutes / 60} hours`;
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
};

export const percent = (share: number): string => `${Number((share * 100).toFixed(3))} %`;
