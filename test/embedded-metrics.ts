import { z } from "zod";
import type { TelemetryEvent } from "../core/telemetry/events.ts";
import { METRICS, metricsOf, type MetricName } from "../core/telemetry/metrics.ts";

/** CloudWatch's limits: 100 metrics a line, 100 values a metric. */
const LIMIT = 100;
const valueOrValues = z.union([z.number(), z.array(z.number()).max(LIMIT)]).transform((value) => [value].flat());

const directive = z.strictObject({
  Namespace: z.string(),
  Dimensions: z.tuple([z.array(z.string())]),
  Metrics: z.array(z.strictObject({ Name: z.string(), Unit: z.string() })).max(LIMIT),
});

/**
 * A line of embedded metrics as CloudWatch accepts it: one namespace, one set of dimensions, and no field besides the
 * dimensions and the metrics.
 */
export const embeddedMetrics = z
  .looseObject({ ["_aws"]: z.strictObject({ Timestamp: z.int(), CloudWatchMetrics: z.tuple([directive]) }) })
  .transform(({ ["_aws"]: { Timestamp, CloudWatchMetrics }, ...fields }, context) => {
    const [{ Namespace, Dimensions, Metrics }] = CloudWatchMetrics;
    const named = [...Dimensions[0], ...Metrics.map(({ Name }) => Name)];
    if (Object.keys(fields).toSorted().join() !== named.toSorted().join())
      context.addIssue(`The line's fields are ${Object.keys(fields).join()}, but its directive names ${named.join()}`);
    return {
      timestampMs: Timestamp,
      namespace: Namespace,
      dimensions: Object.fromEntries(Dimensions[0].map((name) => [name, fields[name]])),
      metrics: Metrics.map(({ Name, Unit }) => ({ name: Name, unit: Unit, values: valueOrValues.parse(fields[Name]) })),
    };
  });

export type EmbeddedMetrics = z.infer<typeof embeddedMetrics>;

/** Values in ascending order. The key is "<metric> in <unit>". */
export type Values = Readonly<Record<string, readonly number[]>>;

function grouped(measured: readonly (readonly [metric: string, values: readonly number[]])[]): Values {
  const groups = new Map<string, number[]>();
  for (const [metric, more] of measured) groups.set(metric, [...(groups.get(metric) ?? []), ...more]);
  return Object.fromEntries([...groups].map(([metric, all]) => [metric, all.toSorted((a, b) => a - b)]));
}

export const valuesOf = (lines: readonly EmbeddedMetrics[]): Values =>
  grouped(
    lines.flatMap(({ metrics }) => metrics.map(({ name, unit, values }) => [`${name} in ${unit}`, values] as const)),
  );

/** The values that the events should have been counted as. */
export const measuredIn = (events: readonly TelemetryEvent[]): Values =>
  grouped(
    events.flatMap((event) =>
      Object.entries(metricsOf(event)).map(
        ([name, value]) => [`${name} in ${METRICS[name as MetricName].unit}`, [value]] as const,
      ),
    ),
  );
