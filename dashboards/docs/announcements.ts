import { batchEnded, type BatchEnded } from "../../core/batches/batch-ended.ts";
import { LIST_REFUSED, listRefused, type ListRefused } from "../../core/lists/list-refused.ts";
import {
  announcement,
  announcementBatch,
  ANNOUNCEMENT_SOURCE,
  BATCH_ENDED,
  type Announcement,
  EVENT_TYPES,
  failure,
  failureBatch,
  type Failure,
} from "../../core/model/announcement.ts";
import { contentKey } from "../../core/model/keys.ts";
import { jsonSchemaOf, propertiesOf, schemaFile, table, typeOf } from "./json-schema.ts";

const sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

export const EXAMPLE_ANNOUNCEMENT: Announcement = {
  schema_version: 1,
  id: "b4ca8cf54ab6a0d0e5c7e4e0a1f7d2c3",
  work_id: "crawl-2026-11",
  artifact_id: "report-17",
  url: "https://example.com/reports/17.pdf",
  state: "INDEXED",
  sha256,
  bytes: 1_482_113,
  content_type: "application/pdf",
  bucket: "fetchonce-prod-content0a1b2c3d",
  key: contentKey(sha256),
  finished_at: "2026-11-25T08:00:00.000Z",
};

export const EXAMPLE_FAILURE: Failure = {
  schema_version: 1,
  id: "0f7c3a1e9b5d2468ace013579bdf2468",
  work_id: "crawl-2026-11",
  artifact_id: "report-18",
  url: "https://example.com/reports/18.pdf",
  state: "FAILED",
  failure_class: "origin",
  reason: "http_404",
  redrives: 0,
  finished_at: "2026-11-25T08:00:00.000Z",
};

export const EXAMPLE_BATCH_ENDED: BatchEnded = {
  schema_version: 1,
  id: "4f2a91c07be35d8812af-1",
  batch_id: "4f2a91c07be35d8812af",
  revision: 1,
  name: "reports.csv",
  lines: 1_000_000,
  indexed: 987_012,
  deduped: 12_511,
  failed: 477,
  reasons: { http_404: 431, "retries_exhausted:origin_timeout": 46 },
  submitted_at: "2026-11-25T08:00:00.000Z",
  finished_at: "2026-11-25T09:12:40.000Z",
  bucket: "fetchonce-prod-archive0a1b2c3d",
  report: "batches/4f2a91c07be35d8812af/report-1/",
};

export const EXAMPLE_LIST_REFUSED: ListRefused = {
  schema_version: 1,
  id: "b0c4d1f29a6e7735e812",
  name: "s3://fetchonce-prod-archive0a1b2c3d/lists/reports.csv",
  reason: "2 problems; correct its lines and put it again, or give the object the metadata skip-invalid=yes",
  problems: [
    "s3://fetchonce-prod-archive0a1b2c3d/lists/reports.csv, line 7, url: missing; write the URL of the file",
    "s3://fetchonce-prod-archive0a1b2c3d/lists/reports.csv, line 9: 3 values for 2 columns; a value with a comma must be in double quotes",
  ],
  found_at: "2026-11-25T08:00:00.000Z",
};

export const EXAMPLE_BATCH = { schema_version: 1, announcements: [EXAMPLE_ANNOUNCEMENT] };

/** As a target of a rule gets it. */
const exampleEvent = (type: string, detail: unknown) => ({
  version: "0",
  id: "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
  "detail-type": type,
  source: ANNOUNCEMENT_SOURCE,
  account: "123456789012",
  time: "2026-11-25T08:00:01Z",
  region: "eu-central-1",
  resources: [],
  detail,
});

const { failed, stored } = EVENT_TYPES;

/** Of rules for one producer's work: how each of its jobs ended. */
export const EXAMPLE_PATTERNS = {
  single: {
    source: [ANNOUNCEMENT_SOURCE],
    "detail-type": [stored.single, failed.single],
    detail: { work_id: ["crawl-2026-11"] },
  },
  batched: {
    source: [ANNOUNCEMENT_SOURCE],
    "detail-type": [stored.batch, failed.batch],
    detail: { announcements: { work_id: ["crawl-2026-11"] } },
  },
};

const detailSchema = (type: string, schema: Parameters<typeof jsonSchemaOf>[0]): string =>
  schemaFile(`The detail of the event "${type}" of fetchonce`, jsonSchemaOf(schema));

export const announcementSchemaJson = (): string => detailSchema(stored.single, announcement);
export const batchSchemaJson = (): string => detailSchema(stored.batch, announcementBatch);
export const failureSchemaJson = (): string => detailSchema(failed.single, failure);
export const batchEndedSchemaJson = (): string => detailSchema(BATCH_ENDED, batchEnded);
export const listRefusedSchemaJson = (): string => detailSchema(LIST_REFUSED, listRefused);
export const failureBatchSchemaJson = (): string => detailSchema(failed.batch, failureBatch);

const fieldsOf = (schema: Parameters<typeof jsonSchemaOf>[0]): string =>
  table(
    ["field of `detail`", "type", "meaning"],
    [...propertiesOf(jsonSchemaOf(schema))].map(([name, property]) => [
      `\`${name}\``,
      typeOf(property),
      property.description ?? "",
    ]),
  );

const json = (value: object): string => `\`\`\`json\n${JSON.stringify(value, undefined, 2)}\n\`\`\``;

export const announcementsMarkdown = (): string => `<!-- Made by \`npm run generate\`. Change the sources it names. -->

# Announcements

How each job ended is announced on an EventBridge event bus: the output \`EventBusName\` of the stack. An environment
chooses with \`announcements\` what the bus gets:

| \`announcements\` | stored (INDEXED, DEDUPED) | FAILED | when |
|---|---|---|---|
| \`single\` (unless changed) | \`${stored.single}\`: one for each file | \`${failed.single}\` | a second or two after the job's end |
| \`batched\` | [\`${stored.batch}\`](#batches): up to 64 KB, as many files as are due | \`${failed.batch}\` | up to ten seconds later |
| \`none\` | none: no function reads the table's stream for them | none | |

[What they cost](cost.md#announcements). [What a change of the setting
does](deploying.md#changing-announcements) to jobs that end meanwhile.

## Stored

Source \`${ANNOUNCEMENT_SOURCE}\`, detail type \`${stored.single}\`. The schema of its detail comes from
[\`core/model/announcement.ts\`](../core/model/announcement.ts); [\`announcement.schema.json\`](announcement.schema.json) is
the same schema as JSON Schema.

${json(exampleEvent(stored.single, EXAMPLE_ANNOUNCEMENT))}

${fieldsOf(announcement)}

## Failed

Source \`${ANNOUNCEMENT_SOURCE}\`, detail type \`${failed.single}\`; [\`failure.schema.json\`](failure.schema.json) is the
schema. A rule for \`${stored.single}\` alone does not match it. What each reason means is in [the operators'
handbook](../AGENTS.md#troubleshooting).

${json(exampleEvent(failed.single, EXAMPLE_FAILURE))}

${fieldsOf(failure)}

A job that somebody has [cancelled](batches.md#cancel) has the reason \`cancelled\` and the class \`policy\`.

An operator may reopen a job that failed. It then ends once more: it is announced as stored, or as failed with
\`redrives\` one higher.

## Batches

Source \`${ANNOUNCEMENT_SOURCE}\`, detail types \`${stored.batch}\` and \`${failed.batch}\`: none holds both. Each of
\`announcements\` is what \`detail\` is in a single event, to the letter, with the same \`id\`.
[\`announcement-batch.schema.json\`](announcement-batch.schema.json) and
[\`failure-batch.schema.json\`](failure-batch.schema.json) are the schemas.

${json(exampleEvent(stored.batch, { schema_version: 1, announcements: ["..."] }))}

${fieldsOf(announcementBatch)}

- An event has up to 64,000 bytes: EventBridge bills each 64 KB, and so does SQS, to which a rule sends it with
  an envelope of some hundred bytes more. That is 80 to 140 files, by the length of their URLs.
- An announcement that is longer than that is alone in its event, and costs as many events as it has pieces of
  64 KB. None is longer than an event may be: URLs have at most 8,192 characters, and metadata at most 1,024
  bytes.
- After a retry, the same announcements may come in *other* batches, so do not deduplicate by the event, but by
  the \`id\` of each announcement in it.
- Consumers that are to live through a change between \`single\` and \`batched\` listen to both.

## The end of a batch

Source \`${ANNOUNCEMENT_SOURCE}\`, detail type \`${BATCH_ENDED}\`; [\`batch-ended.schema.json\`](batch-ended.schema.json) is
the schema. When all jobs of [a list that was submitted](batches.md) have ended, and its report is written, this one
event says so, at least once, with the same \`id\` each time. Its counts are those of the report's rows. It is sent unless
\`announcements\` is \`none\`.

${json(exampleEvent(BATCH_ENDED, EXAMPLE_BATCH_ENDED))}

${fieldsOf(batchEnded)}

## A list that was refused

Source \`${ANNOUNCEMENT_SOURCE}\`, detail type \`${LIST_REFUSED}\`; [\`list-refused.schema.json\`](list-refused.schema.json)
is the schema. When [a list that was put into S3](batches.md#a-list-in-s3) cannot be used, nothing of it is sent, and
this event says why: at least once, with the same \`id\` each time, unless \`announcements\` is \`none\`.

${json(exampleEvent(LIST_REFUSED, EXAMPLE_LIST_REFUSED))}

${fieldsOf(listRefused)}

## What is promised

- **At least once**, unless \`announcements\` is \`none\`. Every job with a record that becomes INDEXED, DEDUPED or
  FAILED is announced, whatever crashes on the way. The bus must be reachable at least once within a day, since that is
  how long the table's stream remembers.
- **Always the same.** An announcement comes from the job's record alone, and a finished record does not change. A
  second delivery is the same, byte for byte, whether it comes alone or in a batch.
- **After the fact.** When the event is sent, the object is at \`key\` and the job's record is final, unless a failed job
  is reopened.
- **Nothing else.** Jobs on the unguarded path (the gate off) have no record and are not announced: those that fail are
  in the dead-letter queue.
- **From when the stream exists.** What ended before the table had a stream is not announced. Jobs that failed before
  the release that announces failures are not announced either.
- **No order** between jobs. For one job there is one announcement of each of its ends, in order.

## Telling them apart

Deduplicate by \`id\` of the announcement, the job's id; in a batch, of each. The envelope's own \`id\` is a new one each
time the event is put on the bus. A job that is planned again after its record's retention
(\`RECORD_RETENTION_DAYS\`) is announced again, with the same \`id\` and another \`finished_at\`; so is a failed job that was
reopened. Compare both if that must count as a new event.

A consumer that can do its work twice needs nothing. One that cannot writes the id in the same transaction as its work,
on the condition that the id is not there yet (in DynamoDB \`attribute_not_exists\`, in SQL a unique key). If the id is
written before the work, a crash between the two loses the work; if it is written after, a crash does the work twice.

Several jobs with the same bytes give several events with the same \`sha256\` and \`key\`: one INDEXED, the others DEDUPED.
\`state\` says which job was first. In both cases the object is there.

If an environment keeps content for a number of days (\`contentRetentionDays\`), the days count from when the *bytes* were
first stored. An object that is DEDUPED may have only the rest of them left: copy what must stay longer.

## Listening

A rule for one producer's work, with the command line:

\`\`\`sh
aws events put-rule --event-bus-name <EventBusName> --name reports \\
  --event-pattern '${JSON.stringify(EXAMPLE_PATTERNS.single)}'
aws events put-targets --event-bus-name <EventBusName> --rule reports \\
  --targets 'Id=queue,Arn=<ARN of an SQS queue that lets events.amazonaws.com send>'
\`\`\`

The same with the CDK:

\`\`\`ts
const bus = EventBus.fromEventBusName(this, "Fetchonce", "<EventBusName>");
new Rule(this, "Reports", {
  eventBus: bus,
  eventPattern: {
    source: ["${ANNOUNCEMENT_SOURCE}"],
    detailType: ["${stored.single}", "${failed.single}"],
    detail: { work_id: ["crawl-2026-11"] },
  },
  targets: [new SqsQueue(queue, { deadLetterQueue })],
});
\`\`\`

Of batches, the pattern looks into each element:

\`\`\`json
${JSON.stringify(EXAMPLE_PATTERNS.batched)}
\`\`\`

It lets a batch through if *one* of its announcements is of that work. The batch comes whole, with those of
other work: skip them. A queue gets one message for an event, and a message of SQS is billed for each 64 KB too.

EventBridge tries a target for 24 hours; give the target a dead-letter queue for events that are not delivered by then.
To keep all future events for replay, turn on an archive of the bus: \`aws events create-archive\`.

The laptop run has neither a stream nor a bus. There, \`results.jsonl\` has the result of each job when the run is over.

## When it does not work

| what happens | what follows |
|---|---|
| the bus refuses an event, or does not answer | the stream delivers again, from that event on, until the bus takes it |
| the announcer dies, or runs out of time | the same |
| a stream record cannot be read as a job's record, or no event can hold its announcement | it goes to the queue \`StreamDeadLetterQueueUrl\`, whole, with the attribute \`reason\`; the others are announced |
| one of the first two lasts for a whole day | the stream forgets. Lambda puts the place in the stream into the same queue. The jobs are in the table: see the runbook [announcements-late](runbooks/announcements-late.md) |
`;
