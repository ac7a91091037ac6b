import { z } from "zod";
import type { TelemetryEvent } from "../core/events.ts";
import { METRICS, metricsOf, type MetricName } from "../core/metrics.ts";

/** CloudWatch's limits: 100 metrics a line, 100 values a metric. */
const LIMIT = 100;
const values = z.union([z.number(), z.array(z.number()).max(LIMIT)]);

/** What CloudWatch takes for embedded metrics, with one namespace and one set of dimensions. */
export const embeddedMetrics = z.looseObject({
  _aws: z.strictObject({
    Timestamp: z.int(),
    CloudWatchMetrics: z.tuple([
      z.strictObject({
        Namespace: z.string(),
        Dimensions: z.tuple([z.array(z.string())]),
        Metrics: z.array(z.strictObject({ Name: z.string(), Unit: z.string() })).max(LIMIT),
      }),
    ]),
  }),
});

export type EmbeddedMetrics = z.infer<typeof embeddedMetrics>;

/** Values, in ascending order, by metric and unit. */
export type Values = Readonly<Record<string, readonly number[]>>;

function grouped(values: readonly (readonly [metric: string, values: readonly number[]])[]): Values {
  const groups = new Map<string, number[]>();
  for (const [metric, more] of values) groups.set(metric, [...(groups.get(metric) ?? []), ...more]);
  return Object.fromEntries([...groups].map(([metric, all]) => [metric, all.toSorted((a, b) => a - b)]));
}

export const valuesOf = (lines: readonly EmbeddedMetrics[]): Values =>
  grouped(
    lines.flatMap((line) =>
      line._aws.CloudWatchMetrics[0].Metrics.map(
        ({ Name, Unit }) => [`${Name} in ${Unit}`, [values.parse(line[Name])].flat()] as const,
      ),
    ),
  );

/** What events should have been counted as. */
export const measuredIn = (events: readonly TelemetryEvent[]): Values =>
  grouped(
    events.flatMap((event) =>
      Object.entries(metricsOf(event)).map(
        ([name, value]) => [`${name} in ${METRICS[name as MetricName].unit}`, [value]] as const,
      ),
    ),
  );

export const namespaceOf = (line: EmbeddedMetrics): string => line._aws.CloudWatchMetrics[0].Namespace;

/** The only set of dimensions, with its values. */
export const dimensionsOf = (line: EmbeddedMetrics): Readonly<Record<string, unknown>> =>
  Object.fromEntries(line._aws.CloudWatchMetrics[0].Dimensions[0].map((name) => [name, line[name]]));
