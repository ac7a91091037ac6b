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

/** As a target of a rule gets it. */
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

An artifact that becomes INDEXED or DEDUPED is announced on an EventBridge event bus: the output \`EventBusName\` of the
stack. Source \`${ANNOUNCEMENT_SOURCE}\`, detail type \`${ANNOUNCEMENT_TYPE}\`. The schema of its detail comes from
[\`core/model/announcement.ts\`](../core/model/announcement.ts); [\`announcement.schema.json\`](announcement.schema.json) is
the same schema as JSON Schema.

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

- **At least once.** Every job that becomes INDEXED or DEDUPED is announced, whatever crashes on the way. The bus must
  be reachable at least once within a day, since that is how long the table's stream remembers. Usually the event comes
  a second or two after the job's end.
- **Always the same.** \`detail\` comes from the job's record alone, and a finished record does not change. A second
  delivery is the same, byte for byte.
- **After the fact.** When the event is sent, the object is at \`key\` and the job's record is final.
- **Nothing else.** FAILED jobs are not announced: they are in the record, in the log and in the alarms. Jobs on the
  unguarded path (the gate off) have no record and are not announced either.
- **From when the stream exists.** What was stored before the table had a stream is not announced.
- **No order** between jobs. For one job there is one event.

## Telling them apart

Deduplicate by \`detail.id\`, the job's id. The envelope's own \`id\` is a new one each time the event is put on the bus. A
job that is planned again after its record's retention (\`RECORD_RETENTION_DAYS\`) is announced again, with the same \`id\`
and another \`finished_at\`. Compare both if that must count as a new event.

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

EventBridge tries a target for 24 hours; give the target a dead-letter queue for events that are not delivered by then.
To keep all future events for replay, turn on an archive of the bus: \`aws events create-archive\`.

The laptop run has neither a stream nor a bus. There, \`results.jsonl\` has the result of each job when the run is over.

## When it does not work

| what happens | what follows |
|---|---|
| the bus refuses an event, or does not answer | the stream delivers again, from that event on, until the bus takes it |
| the announcer dies, or runs out of time | the same |
| a stream record cannot be read as a job's record | it goes to the queue \`StreamDeadLetterQueueUrl\`, whole, with the attribute \`reason\`; the others are announced |
| one of the first two lasts for a whole day | the stream forgets. Lambda puts the place in the stream into the same queue. The jobs are in the table: see the runbook [announcements-late](runbooks/announcements-late.md) |
`;
