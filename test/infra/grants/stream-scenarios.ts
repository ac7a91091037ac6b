/** What the table's stream brings its readers: a job that has just ended, an expired one, and malformed records. */
import type { AttributeValue, DynamoDBRecord } from "aws-lambda";
import type { Item } from "../../../core/model/write.ts";
import { readThrough } from "../../embedded-aws/aws/queues.ts";
import { streamRecord } from "../../stream-event.ts";
import type { Stage } from "./stage.ts";

/** A value whose type DynamoDB does not have. */
const NO_VALUE = { X: "?" } as object as AttributeValue;

const malformed = (isExpiry: boolean): DynamoDBRecord => {
  const record = streamRecord({ before: { pk: "JOB#" }, isExpiry });
  return { ...record, dynamodb: { ...record.dynamodb, OldImage: { pk: NO_VALUE } } };
};

/** @returns how many records the readers sent to the stream's dead-letter queue. */
export async function playStream(stage: Stage, ended: Item, remainingMs: number): Promise<number> {
  const stored = streamRecord({ before: { ...ended, state: "FINALIZED" }, after: ended });
  for (const ANNOUNCEMENTS of ["single", "batched"]) {
    const announcer = await stage.load(stage.output("AnnouncerFunctionName"), { ANNOUNCEMENTS }, remainingMs);
    await announcer.invoke({ Records: [stored, malformed(false)] });
  }
  const archiver = await stage.load(stage.output("ArchiverFunctionName"), {}, remainingMs);
  await archiver.invoke({ Records: [streamRecord({ before: ended, isExpiry: true }), malformed(true)] });
  return (await readThrough(stage.clients.sqs, stage.output("StreamDeadLetterQueueUrl"))).length;
}
