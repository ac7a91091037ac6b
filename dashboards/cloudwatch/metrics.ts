import { type IMetric, MathExpression, Metric, Unit } from "aws-cdk-lib/aws-cloudwatch";
import { Duration } from "aws-cdk-lib/core";
import { METRIC_DIMENSION, METRIC_NAMESPACE, METRICS, type MetricName } from "../../core/telemetry/metrics.ts";
import { ruleNameOf } from "../catalogue/contributors.ts";
import { AWS_METRICS, type AwsResource, type Condition, type MetricSource } from "../catalogue/alarm.ts";

type Dimensions = Readonly<Record<string, string>>;

type Optional = "announcer" | "archiver";

/** Identifies the metrics of one deployment. */
export interface Place {
  /** The names of all alarms and rules begin with it. */
  readonly prefix: string;
  /** The value of the only dimension of our own metrics. */
  readonly environment: string;
  /** CloudWatch dimensions of the AWS metrics, by resource. */
  readonly dimensions: Readonly<Record<Exclude<AwsResource, Optional>, Dimensions>> &
    /** Undefined if the deployment announces, or archives, nothing. */
    Readonly<Record<Optional, Dimensions | undefined>>;
}

const UNITS = { Count: Unit.COUNT, Milliseconds: Unit.MILLISECONDS } as const;

export const ourMetric = (place: Place, name: MetricName, statistic: string, period: Duration): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: name,
    dimensionsMap: { [METRIC_DIMENSION]: place.environment },
    unit: UNITS[METRICS[name].unit],
    statistic,
    period,
    label: name,
  });

export const hasMetric = ({ dimensions }: Place, source: MetricSource): boolean =>
  !("aws" in source) || dimensions[AWS_METRICS[source.aws].of] !== undefined;

/** @throws RangeError if the deployment does not have the metric's resource. */
export function metricOf(place: Place, source: MetricSource, period: Duration): IMetric {
  if ("ours" in source) return ourMetric(place, source.ours, source.statistic, period);
  if ("contributors" in source) {
    return new MathExpression({
      expression: `INSIGHT_RULE_METRIC("${ruleNameOf(place.prefix, source.contributors)}", "${source.statistic}")`,
      label: source.contributors,
      period,
    });
  }
  const { namespace, name, of } = AWS_METRICS[source.aws];
  const dimensions = place.dimensions[of];
  if (!dimensions) throw new RangeError(`${source.aws} is a metric of the ${of}, which this deployment does not have.`);
  return new Metric({
    namespace,
    metricName: name,
    dimensionsMap: { ...dimensions },
    statistic: source.statistic,
    period,
    label: source.aws,
  });
}

/**
 * The one series that the condition compares.
 * @throws RangeError if the condition has several metrics and no expression.
 */
export function seriesOf(place: Place, { derived = {}, metrics, expression, periodMinutes }: Condition): IMetric {
  const period = Duration.minutes(periodMinutes);
  const entries = Object.entries(metrics).map(([id, source]) => [id, metricOf(place, source, period)] as const);
  if (expression !== undefined) {
    const usingMetrics = Object.fromEntries(entries);
    const parts = Object.entries(derived).map(([id, part]) => {
      const used = Object.fromEntries(entries.filter(([metric]) => new RegExp(`\\b${metric}\\b`).test(part)));
      return [id, new MathExpression({ expression: part, usingMetrics: used, period })] as const;
    });
    return new MathExpression({
      expression,
      usingMetrics: parts.length > 0 ? Object.fromEntries(parts) : usingMetrics,
      period,
    });
  }
  const [only] = entries;
  if (!only || entries.length > 1) throw new RangeError("A condition on more than one metric needs an expression.");
  return only[1];
}
