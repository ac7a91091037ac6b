/** PromQL over what CloudWatch's OTel enrichment makes of AWS metrics: see docs/grafana.md. */
import { AWS_METRICS, type AwsMetricKey, type MetricSource } from "../catalogue/alarm.ts";
import { RESOURCES } from "./resources.ts";

type NameOf<Metric> = Metric extends { readonly namespace: `AWS/${infer Service}`; readonly name: infer Name }
  ? `${Service} ${Name & string}`
  : never;

/**
 * As what CloudWatch publishes each metric, by AWS's list of supported metrics. All have delta temporality: a point is
 * the total of its own minute, so `rate` and `increase` are wrong.
 */
const INSTRUMENTS: Readonly<Record<NameOf<(typeof AWS_METRICS)[AwsMetricKey]>, "Sum" | "Histogram">> = {
  "SQS ApproximateAgeOfOldestMessage": "Histogram",
  "SQS ApproximateNumberOfMessagesNotVisible": "Histogram",
  "SQS ApproximateNumberOfMessagesVisible": "Histogram",
  "SQS NumberOfMessagesDeleted": "Sum",
  "Lambda ConcurrentExecutions": "Histogram",
  "Lambda Duration": "Histogram",
  "Lambda Errors": "Sum",
  "Lambda Invocations": "Sum",
  "Lambda IteratorAge": "Histogram",
  "Lambda Throttles": "Sum",
  "DynamoDB ConsumedWriteCapacityUnits": "Sum",
  "DynamoDB ReadThrottleEvents": "Sum",
  "DynamoDB TimeToLiveDeletedItemCount": "Sum",
  "DynamoDB WriteThrottleEvents": "Sum",
};

const isName = (name: string): name is keyof typeof INSTRUMENTS => Object.hasOwn(INSTRUMENTS, name);

/**
 * @returns undefined for what has no counterpart there: our own metrics, contributors, and metrics of an index.
 * @throws RangeError if the metric has no such statistic there.
 */
export function promqlOf(source: MetricSource, seconds: number): string | undefined {
  if (!("aws" in source)) return undefined;
  const { namespace, name, of } = AWS_METRICS[source.aws];
  if (of === "watchIndex") return undefined;
  const service = namespace.replace("AWS/", "");
  const key = `${service} ${name}`;
  if (!isName(key)) throw new RangeError(`${key} has no instrument in dashboards/grafana/promql.ts. Add it.`);
  const { dimension, logicalId } = RESOURCES[of];
  const matchers = [
    `__name__="${name}"`,
    `"@instrumentation.@name"="cloudwatch.aws/${service.toLowerCase()}"`,
    // A stack that was replaced leaves series of its old names: each query adds up what matches.
    `${dimension}=~"fetchonce-$environment(-pipeline)?-${logicalId}.*"`,
  ];
  const points = `sum_over_time({${matchers.join(", ")}}[${seconds / 60}m])`;
  if (INSTRUMENTS[key] === "Sum") {
    if (source.statistic === "Sum") return `sum(${points})`;
    throw new RangeError(`${key} is a Sum there, so it has no ${source.statistic}. Show its Sum in this panel.`);
  }
  switch (source.statistic) {
    case "Sum":
      return `histogram_sum(sum(${points}))`;
    case "Average":
      return `histogram_avg(sum(${points}))`;
    case "Maximum":
      return `histogram_quantile(1, sum(${points}))`;
    case "Minimum":
      return `histogram_quantile(0, sum(${points}))`;
  }
}
