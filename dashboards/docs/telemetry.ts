import { telemetryEvent } from "../../core/telemetry/event-schemas.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  metricsOf,
  type MetricName,
} from "../../core/telemetry/metrics.ts";
import { EXAMPLE_EVENTS } from "./example-events.ts";
import { type JsonSchema, jsonSchemaOf, propertiesOf, schemaFile, table, typeOf } from "./json-schema.ts";

function eventSchemas(): readonly JsonSchema[] {
  const { oneOf = [] } = jsonSchemaOf(telemetryEvent);
  return oneOf;
}

const nameOf = (schema: JsonSchema): string => String(propertiesOf(schema).get("event")?.const);

export const telemetrySchemaJson = (): string =>
  schemaFile("The telemetry events of fetchonce", { oneOf: eventSchemas() });

function unitOf({ unit }: JsonSchema): string {
  return typeof unit === "string" ? unit : "";
}

function describeEvent(schema: JsonSchema): string {
  const name = nameOf(schema);
  const fields = [...propertiesOf(schema)].filter(([field]) => field !== "event" && field !== "timestamp");
  const rows = fields.map(([field, property]) => [
    `\`${field}\`${schema.required?.includes(field) ? "" : "?"}`,
    typeOf(property),
    unitOf(property),
    property.description ?? "",
  ]);
  const example = EXAMPLE_EVENTS.findLast(({ event }) => event === name);
  return [
    `### ${name}`,
    schema.description ?? "",
    table(["field", "type", "unit", "meaning"], rows),
    `\`\`\`json\n${JSON.stringify(example && withTimestamp(example))}\n\`\`\``,
  ].join("\n\n");
}

const withTimestamp = ({ event, ...fields }: TelemetryEvent): object => ({
  event,
  timestamp: "2026-11-25T08:00:00.000Z",
  ...fields,
});

function sourcesOf(metric: MetricName): string {
  const sources = EXAMPLE_EVENTS.filter((event) => metricsOf(event)[metric] !== undefined).map((event) =>
    event.event === "job_state_changed" ? `\`${event.event}\` to ${event.to_state}` : `\`${event.event}\``,
  );
  return [...new Set(sources)].join(", ");
}

export const telemetryMarkdown = (): string => `<!-- Made by \`npm run generate\`. Change the sources it names. -->

# Telemetry

Worker and reconciler write one JSON line an event to their log (locally: to \`events.jsonl\`). Events come from
[\`core/telemetry/event-schemas.ts\`](../core/telemetry/event-schemas.ts), metrics from [\`core/telemetry/metrics.ts\`](../core/telemetry/metrics.ts);
[\`telemetry.schema.json\`](telemetry.schema.json) is the same as JSON Schema, with \`unit\` as an annotation.

- Emission is never awaited, cannot fail the pipeline, and holds lines back for at most 50 ms: what a kill can lose. Metrics
  are held back for at most 10 s.
- A log that nobody reads costs lines, not work: 1 MiB waits for it in memory, what comes beyond that is dropped, and a
  line \`telemetry was dropped\` says how many lines that were once it is read again.
- Lines with \`level\` are for people; lines with \`_aws\` are metrics.

## Events

Each has \`event\` and \`timestamp\` (ISO 8601, UTC) besides the fields below. A field with a question mark is not always there;
no event has others.

${eventSchemas().map(describeEvent).join("\n\n")}

## Metrics

Each is a function of one event, so that a report over a run's events and an alarm on CloudWatch count the same things.
Namespace \`${METRIC_NAMESPACE}\`; one dimension, \`${METRIC_DIMENSION}\`, with the environment's name. Nothing that grows with
jobs, URLs or hosts is ever a dimension: each combination is a metric that is billed. For that, ask the events.

Worker and reconciler write them as embedded metrics (EMF, through Powertools) to the same log, at the end of an invocation
and every ten seconds of a long one; a line holds at most 100 values of a metric, and CloudWatch reads each as a sample.

${table(
  ["metric", "unit", "what it counts", "from"],
  Object.entries(METRICS).map(([name, { unit, about }]) => [`\`${name}\``, unit, about, sourcesOf(name as MetricName)]),
)}

Counts are read as \`Sum\`, and ratios as the quotient of two sums: zeros are sent where a ratio needs both. \`TimeToComplete\`
and \`LeaseAcquisition\` are read as percentiles, \`OldestExpiredLease\` as \`Maximum\`, \`ReconcilerRuns\` as \`Sum\`, where no data is
as bad as zero.

## Reading them

On a laptop, of a run in \`downloads\`:

\`\`\`sh
jq -c 'select(.event == "job_state_changed" and .to_state == "FAILED") | {job_id, host, reason}' downloads/events.jsonl
\`\`\`

On AWS, in Logs Insights, over the log groups of worker and reconciler:

\`\`\`
filter event = "job_state_changed" and to_state = "FAILED"
| stats count() as jobs by failure_class, reason, host
| sort jobs desc
\`\`\`
`;
