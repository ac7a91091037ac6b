import { telemetryEvent } from "../../core/telemetry/event-schemas.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  metricsOf,
  type MetricName,
} from "../../core/telemetry/metrics.ts";
import { packJob } from "../../core/telemetry/packed-job.ts";
import { EXAMPLE_EVENTS } from "./example-events.ts";
import { usualJob } from "./example-job.ts";
import { METRIC_MEANINGS } from "./metric-meanings.ts";
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

Worker and reconciler write events as JSON lines to their log (on a laptop: to \`events.jsonl\`). Events come from
[\`core/telemetry/event-schemas.ts\`](../core/telemetry/event-schemas.ts), metrics from
[\`core/telemetry/metrics.ts\`](../core/telemetry/metrics.ts). [\`telemetry.schema.json\`](telemetry.schema.json) is the
same as JSON Schema, with \`unit\` as an annotation.

- The pipeline never waits for telemetry, and telemetry cannot fail it. Lines are held back for at most 50 ms. Metrics
  are held back for at most 10 s, and a worker's events for at most \`HOLD_EVENTS_MS\` (below): that is what a kill loses.
- If nobody reads the log, lines are lost, but no work is. Up to 1 MiB waits in memory, and later lines are dropped.
  When the log is read again, a line \`telemetry was dropped\` says how many lines were lost.
- Lines with \`level\` are for people. Lines with \`_aws\` are metrics. One line with \`level\` is read by rules, too: at the
  end of an invocation, with \`host\` and \`waiting\`, \`slowed\` or \`failing\`, what a host did to the invocation's jobs
  ([ADR 0504](adr/0504-hosts-are-counted-from-the-log.md)).

## Events

Each event has \`event\` and \`timestamp\` (ISO 8601, UTC) and the fields below. A field with a question mark is not
always there. No event has other fields.

${eventSchemas().map(describeEvent).join("\n\n")}

## Jobs without trouble: one line

A worker holds back the events of a job, from its \`job_planned\` on. If the job is stored within \`HOLD_EVENTS_MS\`, and
nothing unusual happens to it, all its events become one line. In every other case they are lines of their own, and so
are those that follow: when the time is over, when the job fails, is released before it is stored, replayed, recovered
or renewed, when anything is logged of it, when the invocation ends. A laptop's events are always lines of their own
([ADR 0506](adr/0506-jobs-without-trouble-take-one-line.md)).

\`\`\`json
${JSON.stringify(packJob(usualJob()))}
\`\`\`

- What the events have in common is there once. \`since_planned_ms\` has a value for each state, \`op_key\` and
  \`elapsed_ms\` for each operation. Logs Insights names them \`elapsed_ms.STREAM\`.
- \`events\` are the events in their order: \`>STATE\` is a \`job_state_changed\`, \`+TYPE\` an \`operation_started\`, \`-TYPE\` an
  \`operation_completed\`. A number is the time of what follows it, in ms after \`timestamp\`. \`*\` stands for an event that
  does not fit, which is in \`others\`.
- \`npm run events\` makes the events again, exactly as they were, of packed and other lines: of a file, of standard
  input, of what \`aws logs\` prints. The saved queries read both.
- \`LOG_SAMPLE_PERCENT\` below 100 leaves out packed lines, by a hash of the job's id. Jobs with other lines are always
  whole, and metrics count all jobs.

## Metrics

Each metric is a function of one event, so a report over a run's events and an alarm on CloudWatch count the same.
The namespace is \`${METRIC_NAMESPACE}\`. The only dimension is \`${METRIC_DIMENSION}\`, with the environment's name. Nothing
that grows with jobs, URLs or hosts is ever a dimension, because each combination is billed as a metric. Query the
events for that.

Worker and reconciler write metrics in CloudWatch's embedded metric format (EMF, through Powertools) to the same log, at
the end of an invocation and every ten seconds during a long one. A line holds at most 100 values of a metric, and
CloudWatch reads each value as a sample.

${table(
  ["metric", "unit", "what it counts", "from"],
  (Object.keys(METRICS) as MetricName[]).map((name) => [
    `\`${name}\``,
    METRICS[name].unit,
    METRIC_MEANINGS[name],
    sourcesOf(name),
  ]),
)}

Read counts as \`Sum\`, and ratios as the quotient of two sums: zeros are sent where a ratio needs both. Read
\`TimeToComplete\` and \`LeaseAcquisition\` as percentiles, and \`OldestExpiredLease\` as \`Maximum\`. Read \`ReconcilerRuns\`
as \`Sum\`; for it, no data is as bad as zero.

## Reading them

On a laptop, for a run in \`downloads\`:

\`\`\`sh
jq -c 'select(.event == "job_state_changed" and .to_state == "FAILED") | {job_id, host, reason}' downloads/events.jsonl
\`\`\`

On AWS, in Logs Insights, over the log groups of the worker and the reconciler:

\`\`\`
filter event = "job_state_changed" and to_state = "FAILED"
| stats count() as jobs by failure_class, reason, host
| sort jobs desc
\`\`\`
`;
