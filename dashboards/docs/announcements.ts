import {
  announcement,
  ANNOUNCEMENT_SOURCE,
  ANNOUNCEMENT_TYPE,
  type Announcement,
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

/** The event as the target of a rule receives it. */
const EXAMPLE_EVENT = {
  version: "0",
  id: "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
  "detail-type": ANNOUNCEMENT_TYPE,
  source: ANNOUNCEMENT_SOURCE,
  account: "123456789012",
  time: "2026-11-25T08:00:01Z",
  region: "eu-central-1",
  resources: [],
  detail: EXAMPLE_ANNOUNCEMENT,
};

const EXAMPLE_PATTERN = {
  source: [ANNOUNCEMENT_SOURCE],
  "detail-type": [ANNOUNCEMENT_TYPE],
  detail: { work_id: ["crawl-2026-11"] },
};

export const announcementSchemaJson = (): string =>
  schemaFile(`The detail of the event "${ANNOUNCEMENT_TYPE}" of fetchonce`, jsonSchemaOf(announcement));

const json = (value: object): string => `\`\`\`json\n${JSON.stringify(value, undefined, 2)}\n\`\`\``;

export const announcementsMarkdown = (): string => `<!-- Made by \`npm run generate\`. Change the sources it names. -->

# Announcements

An artifact that becomes INDEXED or DEDUPED is announced on an EventBridge event bus, the stack's output
\`EventBusName\`. The source is \`${ANNOUNCEMENT_SOURCE}\` and the detail type is \`${ANNOUNCEMENT_TYPE}\`. The schema
of \`detail\` comes from [\`core/model/announcement.ts\`](../core/model/announcement.ts).
[\`announcement.schema.json\`](announcement.schema.json) is the same as JSON Schema.

${json(EXAMPLE_EVENT)}

${table(
  ["field of `detail`", "type", "meaning"],
  [...propertiesOf(jsonSchemaOf(announcement))].map(([name, property]) => [
    `\`${name}\``,
    typeOf(property),
    property.description ?? "",
  ]),
)}

## What is promised

- **At least once.** Every job that becomes INDEXED or DEDUPED is announced, whatever crashes on the way, as long as
  the bus can be reached once within a day. The table's stream keeps a change for a day. As a rule the announcement
  comes a second or two after the job's end.
- **Always the same.** \`detail\` comes from the job's record alone, and a finished record does not change. If it is
  delivered twice, it is byte for byte the same.
- **After the fact.** When the event is sent, the object is at \`key\` and the job's record is final.
- **Nothing else.** FAILED jobs are not announced: look for them in the record, in the log and in the alarms. Jobs on
  the plain path (gate off) have no record and are not announced either.
- **Only since the stream exists.** Files that were stored before the table had a stream are not announced.
- **No order** between jobs. One job has one event.

## How to deduplicate

Deduplicate by \`detail.id\`, the job's id. The \`id\` of the envelope is different each time EventBridge is given the
event. A job that is planned again after its record's retention (\`RECORD_RETENTION_DAYS\`) is announced again, with
the same \`id\` and another \`finished_at\`. If you deduplicate by both, it is a new event.

If your consumer can do its work twice without harm, it needs no deduplication. Otherwise write the id in the same
transaction as the changes that the work makes, on condition that the id is not there yet (\`attribute_not_exists\` in
DynamoDB, a unique key in SQL). If you write the id before the work, a crash loses the work. If you write it after the
work, a crash does the work twice.

Several jobs with the same bytes give several events with the same \`sha256\` and \`key\`. One is INDEXED and the
others are DEDUPED. \`state\` only says which job came first. The object is there in either case.

If an environment keeps content for a number of days (\`contentRetentionDays\`), they count from when the *bytes* were
first stored. So a DEDUPED object may have only some of those days left. Copy what you need for longer.

## Listening

A rule for one producer's work, with the command line:

\`\`\`sh
aws events put-rule --event-bus-name <EventBusName> --name reports \\
  --event-pattern '${JSON.stringify(EXAMPLE_PATTERN)}'
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
    detailType: ["${ANNOUNCEMENT_TYPE}"],
    detail: { work_id: ["crawl-2026-11"] },
  },
  targets: [new SqsQueue(queue, { deadLetterQueue })],
});
\`\`\`

EventBridge retries a target for 24 hours. Give the rule a dead-letter queue for events that still fail then. To keep
every event that was ever sent, create an archive of the bus: \`aws events create-archive\`.

A run on a laptop has neither a stream nor a bus. There \`results.jsonl\` says the same about each job when the run is
over.

## When something fails

| what happens | what follows |
|---|---|
| the bus refuses an event, or does not answer | the stream delivers the records again, from that event on, until the bus accepts it |
| the announcer dies, or runs out of time | the same |
| a record makes no sense (it cannot be one of ours) | the whole record goes to the queue \`StreamDeadLetterQueueUrl\`, with the attribute \`reason\`; the other records go on |
| one of the first two lasts for a day | the stream forgets the records. Lambda puts their place in the stream into the same queue. The jobs are still in the table: see the runbook [announcements-late](runbooks/announcements-late.md) |
`;
