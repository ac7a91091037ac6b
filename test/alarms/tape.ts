/**
 * A tape: telemetry events and samples of AWS's own metrics, minute by minute. `recorded` turns it into what CloudWatch
 * would have; a `Reading` reads it as it is.
 */
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  metricsOf,
  type MetricName,
} from "../../core/telemetry/metrics.ts";
import { contributorsOf } from "./cloudwatch/insight-rule.ts";
import { INSIGHTS } from "./cloudwatch/metric-alarm.ts";
import { MetricStore, type MetricIdentity } from "./cloudwatch/store.ts";
import { insightRulesOf, resolve, type Template } from "./cloudwatch/template.ts";

const job = { job_id: "j" };
const failed = (reason: string, failure_class: "origin" | "system", host: string): TelemetryEvent => ({
  ...job,
  event: "job_state_changed",
  from_state: "STREAMING",
  to_state: "FAILED",
  reason,
  failure_class,
  host,
  since_planned_ms: 1000,
});

/** The telemetry event of each name; the argument is the number that the event measures. */
const EVENTS = {
  "job planned": (): TelemetryEvent => ({
    ...job,
    event: "job_planned",
    work_id: "w",
    artifact_id: "a",
    url: "https://origin.example/a",
    idempotency_key: "k",
  }),
  "job done": (since_planned_ms: number): TelemetryEvent => ({
    ...job,
    event: "job_state_changed",
    from_state: "STREAMING",
    to_state: "FINALIZED",
    since_planned_ms,
  }),
  "job failed": () => failed("retries_exhausted:unexpected:TypeError", "system", "busy.example"),
  "job given up": () => failed("retries_exhausted:timeout", "origin", "busy.example"),
  "job given up elsewhere": () => failed("retries_exhausted:timeout", "origin", "other.example"),
  /** The first delivery of a message, which could not be worked on. */
  "message failing": (): TelemetryEvent => ({
    event: "delivery_failed",
    component: "worker",
    error_class: "unexpected:ThrottlingException",
    attempt: 1,
  }),
  "message failing again": (): TelemetryEvent => ({
    event: "delivery_failed",
    component: "worker",
    error_class: "unexpected:ThrottlingException",
    attempt: 2,
  }),
  "clock off": (): TelemetryEvent => ({
    event: "clock_off",
    component: "worker",
    against: "service",
    off_by_ms: 60_000,
  }),
  "job refused": () => failed("http_404", "origin", "gone.example"),
  "job refused elsewhere": () => failed("http_404", "origin", "other.example"),
  "lease taken": (acquired_in_ms: number): TelemetryEvent => ({
    ...job,
    event: "job_leased",
    owner: "o",
    ttl_sec: 120,
    acquired_in_ms,
  }),
  "operation completed": (): TelemetryEvent => ({
    ...job,
    event: "operation_completed",
    op_key: "k",
    op_type: "HEAD",
    result_code: "ok",
    elapsed_ms: 5,
  }),
  "operation replayed": (): TelemetryEvent => ({
    ...job,
    event: "idempotency_replay",
    op_key: "k",
    op_type: "HEAD",
    reused_from_time: "2026-01-01T00:00:00Z",
  }),
  /** A run that recovers one lease, which had been expired for this long in ms; at 0 it recovers none. */
  "reconciler run": (oldest_expired_ms: number): TelemetryEvent => ({
    event: "crash_recovery_event",
    recovered_leases: oldest_expired_ms > 0 ? 1 : 0,
    recovered_late: oldest_expired_ms > 180_000 ? 1 : 0,
    oldest_expired_ms,
    abandoned_ops: 0,
    unreadable_records: 0,
  }),
  /** A run that recovers nothing and cannot read this many records. */
  "records unreadable": (unreadable_records: number): TelemetryEvent => ({
    event: "crash_recovery_event",
    recovered_leases: 0,
    recovered_late: 0,
    oldest_expired_ms: 0,
    abandoned_ops: 0,
    unreadable_records,
  }),
  /**
   * A run that recovers nothing in time, and leaves a job that has been due for this long in ms; at 0 it leaves none.
   */
  "reconciler behind": (lag_ms: number): TelemetryEvent => ({
    event: "crash_recovery_event",
    recovered_leases: 0,
    recovered_late: 0,
    oldest_expired_ms: 0,
    abandoned_ops: 0,
    unreadable_records: 0,
    lag_ms,
  }),
} as const satisfies Readonly<Record<string, (value: number) => TelemetryEvent>>;

type OutputName =
  | "LongQueueUrl"
  | "LongWorkerFunctionName"
  | "QueueUrl"
  | "DeadLetterQueueUrl"
  | "StreamDeadLetterQueueUrl"
  | "TableName"
  | "WorkerFunctionName"
  | "ReconcilerFunctionName"
  | "AnnouncerFunctionName"
  | "ArchiverFunctionName"
  | "RolloutFunctionName"
  | "BatchesFunctionName";
type AwsMetric = readonly [namespace: string, name: string, dimension: string, of: OutputName, index?: string];

/** AWS's own metrics, named as AWS documents them, of the resources that the stack's outputs name. */
const AWS = {
  "waiting messages": ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "QueueUrl"],
  "finished messages": ["AWS/SQS", "NumberOfMessagesDeleted", "QueueName", "QueueUrl"],
  "waiting long messages": ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "LongQueueUrl"],
  "finished long messages": ["AWS/SQS", "NumberOfMessagesDeleted", "QueueName", "LongQueueUrl"],
  "dead letters": ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "DeadLetterQueueUrl"],
  "worker errors": ["AWS/Lambda", "Errors", "FunctionName", "WorkerFunctionName"],
  "long worker errors": ["AWS/Lambda", "Errors", "FunctionName", "LongWorkerFunctionName"],
  "long worker invocations": ["AWS/Lambda", "Invocations", "FunctionName", "LongWorkerFunctionName"],
  "long worker duration": ["AWS/Lambda", "Duration", "FunctionName", "LongWorkerFunctionName"],
  "long worker throttles": ["AWS/Lambda", "Throttles", "FunctionName", "LongWorkerFunctionName"],
  "worker invocations": ["AWS/Lambda", "Invocations", "FunctionName", "WorkerFunctionName"],
  "worker duration": ["AWS/Lambda", "Duration", "FunctionName", "WorkerFunctionName"],
  "worker throttles": ["AWS/Lambda", "Throttles", "FunctionName", "WorkerFunctionName"],
  "reconciler throttles": ["AWS/Lambda", "Throttles", "FunctionName", "ReconcilerFunctionName"],
  "reconciler errors": ["AWS/Lambda", "Errors", "FunctionName", "ReconcilerFunctionName"],
  "announcer lag": ["AWS/Lambda", "IteratorAge", "FunctionName", "AnnouncerFunctionName"],
  "archiver lag": ["AWS/Lambda", "IteratorAge", "FunctionName", "ArchiverFunctionName"],
  "stream dead letters": ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "StreamDeadLetterQueueUrl"],
  "rollout invocations": ["AWS/Lambda", "Invocations", "FunctionName", "RolloutFunctionName"],
  "rollout errors": ["AWS/Lambda", "Errors", "FunctionName", "RolloutFunctionName"],
  "batches invocations": ["AWS/Lambda", "Invocations", "FunctionName", "BatchesFunctionName"],
  "batches errors": ["AWS/Lambda", "Errors", "FunctionName", "BatchesFunctionName"],
  "announcer invocations": ["AWS/Lambda", "Invocations", "FunctionName", "AnnouncerFunctionName"],
  "archiver invocations": ["AWS/Lambda", "Invocations", "FunctionName", "ArchiverFunctionName"],
  "index read throttles": ["AWS/DynamoDB", "ReadThrottleEvents", "TableName", "TableName", "watch"],
  "read throttles": ["AWS/DynamoDB", "ReadThrottleEvents", "TableName", "TableName"],
  "write throttles": ["AWS/DynamoDB", "WriteThrottleEvents", "TableName", "TableName"],
  "index throttles": ["AWS/DynamoDB", "WriteThrottleEvents", "TableName", "TableName", "watch"],
  "records forgotten": ["AWS/DynamoDB", "TimeToLiveDeletedItemCount", "TableName", "TableName"],
} as const satisfies Readonly<Record<string, AwsMetric>>;

export type What = keyof typeof EVENTS | keyof typeof AWS;

export interface Entry {
  /** Minutes since the start of the tape. */
  readonly minute: number;
  readonly what: What;
  readonly value?: number;
  readonly times?: number;
}

/** The tape as CloudWatch would store it. */
export function recorded(template: Template, environment: string, start: number, tape: readonly Entry[]): MetricStore {
  const store = new MetricStore();
  const metrics = new Map<string, MetricIdentity>(
    (Object.keys(METRICS) as MetricName[]).map((name) => [name, ours(name, environment)]),
  );
  const rules = [...insightRulesOf(template)].map(([name, body]) => [name, contributorsOf(body)] as const);
  for (const { minute, what, value = 1, times = 1 } of tape) {
    const at = start + minute;
    if (what in AWS) {
      store.add(identityOf(template, AWS[what as keyof typeof AWS]), at, value, times);
      continue;
    }
    const event = EVENTS[what as keyof typeof EVENTS](value);
    for (const [name, measured] of Object.entries(metricsOf(event))) {
      const metric = metrics.get(name);
      if (metric === undefined) throw new Error(`${name} is not in the list of metrics`);
      store.add(metric, at, measured, times);
    }
    for (const [rule, contributedBy] of rules) {
      const contributed = contributedBy(event);
      if (contributed === undefined) continue;
      const { contributor, value: added } = contributed;
      store.add({ namespace: INSIGHTS, name: rule, dimensions: { contributor } }, at, added, times);
    }
  }
  return store;
}

const ours = (name: MetricName, environment: string): MetricIdentity => ({
  namespace: METRIC_NAMESPACE,
  name,
  unit: METRICS[name].unit,
  dimensions: { [METRIC_DIMENSION]: environment },
});

function identityOf(template: Template, [namespace, name, dimension, output, index]: AwsMetric): MetricIdentity {
  const dimensions = { [dimension]: resolve(template, template.Outputs?.[output]?.Value) };
  return {
    namespace,
    name,
    dimensions: index === undefined ? dimensions : { ...dimensions, GlobalSecondaryIndexName: index },
  };
}

/** The tape from minute `from` up to, but without, minute `to`, read without any of CloudWatch's concepts. */
export class Reading {
  readonly #entries: readonly Entry[];

  constructor(tape: readonly Entry[], from: number, to: number) {
    this.#entries = tape.filter(({ minute }) => minute >= from && minute < to);
  }

  /** How often it happened, with this value if one is given. */
  times(what: What, value?: number): number {
    return this.#of(what)
      .filter((entry) => value === undefined || entry.value === value)
      .reduce((times, entry) => times + (entry.times ?? 1), 0);
  }

  sum(what: What): number {
    return this.#of(what).reduce((sum, { value = 1, times = 1 }) => sum + value * times, 0);
  }

  /** `undefined` when it did not happen. */
  least(what: What): number | undefined {
    const values = this.#of(what).map(({ value = 1 }) => value);
    return values.length === 0 ? undefined : Math.min(...values);
  }

  most(what: What): number | undefined {
    const values = this.#of(what).map(({ value = 1 }) => value);
    return values.length === 0 ? undefined : Math.max(...values);
  }

  #of(what: What): readonly Entry[] {
    return this.#entries.filter((entry) => entry.what === what);
  }
}
