/** What an alarm is, before it becomes CloudWatch's. */
import type { MetricName } from "../../core/telemetry/metrics.ts";

type Statistic = "Sum" | "Maximum" | "Minimum" | "Average";

/** The metrics of AWS that are read, each with the resource whose dimension it carries. */
export const AWS_METRICS = {
  messagesDead: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", of: "deadLetters" },
  messagesVisible: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", of: "queue" },
  messagesInFlight: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesNotVisible", of: "queue" },
  oldestMessageAge: { namespace: "AWS/SQS", name: "ApproximateAgeOfOldestMessage", of: "queue" },
  workerInvocations: { namespace: "AWS/Lambda", name: "Invocations", of: "worker" },
  workerErrors: { namespace: "AWS/Lambda", name: "Errors", of: "worker" },
  workerThrottles: { namespace: "AWS/Lambda", name: "Throttles", of: "worker" },
  workerDuration: { namespace: "AWS/Lambda", name: "Duration", of: "worker" },
  workerConcurrency: { namespace: "AWS/Lambda", name: "ConcurrentExecutions", of: "worker" },
  reconcilerErrors: { namespace: "AWS/Lambda", name: "Errors", of: "reconciler" },
  reconcilerThrottles: { namespace: "AWS/Lambda", name: "Throttles", of: "reconciler" },
  announcerLag: { namespace: "AWS/Lambda", name: "IteratorAge", of: "announcer" },
  streamRecordsDead: { namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", of: "streamDeadLetters" },
  rolloutInvocations: { namespace: "AWS/Lambda", name: "Invocations", of: "rollout" },
  rolloutErrors: { namespace: "AWS/Lambda", name: "Errors", of: "rollout" },
  tableReadThrottles: { namespace: "AWS/DynamoDB", name: "ReadThrottleEvents", of: "table" },
  tableWriteThrottles: { namespace: "AWS/DynamoDB", name: "WriteThrottleEvents", of: "table" },
  indexWriteThrottles: { namespace: "AWS/DynamoDB", name: "WriteThrottleEvents", of: "watchIndex" },
  tableWriteUnits: { namespace: "AWS/DynamoDB", name: "ConsumedWriteCapacityUnits", of: "table" },
  recordsForgotten: { namespace: "AWS/DynamoDB", name: "TimeToLiveDeletedItemCount", of: "table" },
} as const;

export type AwsMetricKey = keyof typeof AWS_METRICS;
export type AwsResource = (typeof AWS_METRICS)[AwsMetricKey]["of"];

/** The Contributor Insights rule: FAILED jobs, counted by the host of their URL. */
export const FAILURES_BY_HOST = "failures-by-host";

export type MetricSource =
  | { readonly ours: MetricName; readonly statistic: Statistic }
  | { readonly aws: AwsMetricKey; readonly statistic: Statistic }
  | { readonly contributors: typeof FAILURES_BY_HOST; readonly statistic: "MaxContributorValue" };

export interface Condition {
  /** Under the names that the expression uses. */
  readonly metrics: Readonly<Record<string, MetricSource>>;
  /** Undefined where the one metric is what is compared. */
  readonly expression?: string;
  readonly periodMinutes: number;
  /** All of so many periods in a row. */
  readonly periods: number;
  readonly comparison: ">=" | "<";
  readonly threshold: number;
  readonly missing: "notBreaching" | "breaching";
}

/** An alarm that tells somebody. With two conditions both must hold at the same time. */
export interface Alarm {
  readonly id: string;
  readonly kind: "burn" | "few" | "absolute";
  /** Of the objective that it guards, where it guards one. */
  readonly slo?: string;
  readonly title: string;
  readonly severity: "page" | "ticket";
  readonly happened: string;
  readonly felt: string;
  /** Why the threshold is what it is. */
  readonly why: string;
  /** Page in docs/runbooks/, without its ending; the alarm's section there is headed with its id. */
  readonly runbook: string;
  readonly conditions: readonly [Condition] | readonly [long: Condition, short: Condition];
}

/** The alarm that is in ALARM while any is that pages for an objective. */
export const SLO_BURNING = "slo-burning";
export const pagesForSlo = ({ severity, slo }: Alarm): boolean => severity === "page" && slo !== undefined;

/** What differs between environments and moves a threshold. */
export interface AlarmSettings {
  readonly workerTimeoutMs: number;
  readonly visibilityTimeoutMs: number;
  readonly ledgerGrowthADay: number;
}

export const minutesInWords = (minutes: number): string => {
  if (minutes % 10_080 === 0) return minutes === 10_080 ? "a week" : `${minutes / 10_080} weeks`;
  if (minutes % 1440 === 0) return minutes === 1440 ? "a day" : `${minutes / 1440} days`;
  if (minutes % 60 === 0) return minutes === 60 ? "an hour" : `${minutes / 60} hours`;
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
};

export const percent = (share: number): string => `${Number((share * 100).toFixed(3))} %`;
