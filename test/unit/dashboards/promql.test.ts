import { describe, expect, it } from "vitest";
import { promqlOf } from "../../../dashboards/grafana/promql.ts";

const DURATION =
  'sum_over_time({__name__="Duration", "@instrumentation.@name"="cloudwatch.aws/lambda", ' +
  'FunctionName=~"fetchonce-$environment(-pipeline)?-WorkerFunction.*"}[5m])';

describe("promqlOf", () => {
  it.each([
    { statistic: "Sum", expr: `histogram_sum(sum(${DURATION}))` },
    { statistic: "Average", expr: `histogram_avg(sum(${DURATION}))` },
    { statistic: "Maximum", expr: `histogram_quantile(1, sum(${DURATION}))` },
    { statistic: "Minimum", expr: `histogram_quantile(0, sum(${DURATION}))` },
  ] as const)("reads the $statistic off a histogram", ({ statistic, expr }) => {
    expect(promqlOf({ aws: "workerDuration", statistic }, 300)).toBe(expr);
  });

  it("adds up a sum's points over the period", () => {
    expect(promqlOf({ aws: "messagesDeleted", statistic: "Sum" }, 900)).toBe(
      'sum(sum_over_time({__name__="NumberOfMessagesDeleted", "@instrumentation.@name"="cloudwatch.aws/sqs", ' +
        'QueueName=~"fetchonce-$environment(-pipeline)?-WorkQueue.*"}[15m]))',
    );
  });

  it("refuses a statistic that a sum does not have", () => {
    expect(() => promqlOf({ aws: "workerErrors", statistic: "Maximum" }, 300)).toThrow(
      "Lambda Errors is a Sum there, so it has no Maximum. Show its Sum in this panel.",
    );
  });

  it.each([
    { ours: "JobsFailed", statistic: "Sum" },
    { contributors: "hosts-failing", statistic: "MaxContributorValue" },
    { aws: "indexWriteThrottles", statistic: "Sum" },
  ] as const)("has nothing for $ours$contributors$aws, which AWS does not publish there", (source) => {
    expect(promqlOf(source, 300)).toBeUndefined();
  });
});
