/** What the table's stream brings its readers: a job that has just ended, one whose time is over, and nonsense. */
import type { AttributeValue, DynamoDBRecord } from "aws-lambda";
import type { Item } from "../../../core/model/write.ts";
import { readThrough } from "../../../local/aws/queues.ts";
import { streamRecord } from "../../stream-event.ts";
import type { Stage } from "./stage.ts";

/** Of no type that DynamoDB has. */
const NO_VALUE = { X: "?" } as object as AttributeValue;

const nonsense = (isExpiry: boolean): DynamoDBRecord => {
  const record = streamRecord({ before: { pk: "JOB#" }, isExpiry });
  return { ...record, dynamodb: { ...record.dynamodb, OldImage: { pk: NO_VALUE } } };
};

/** @returns how many records the readers set aside. */
export async function playStream(stage: Stage, ended: Item, remainingMs: number): Promise<number> {
  const announcer = await stage.load(stage.output("AnnouncerFunctionName"), {}, remainingMs);
  await announcer.invoke({
    Records: [streamRecord({ before: { ...ended, state: "FINALIZED" }, after: ended }), nonsense(false)],
  });
  const archiver = await stage.load(stage.output("ArchiverFunctionName"), {}, remainingMs);
  await archiver.invoke({ Records: [streamRecord({ before: ended, isExpiry: true }), nonsense(true)] });
  return (await readThrough(stage.clients.sqs, stage.output("StreamDeadLetterQueueUrl"))).length;
}
