import { present } from "../../core/model/present.ts";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import type { Item } from "../../core/model/write.ts";
import type { ItemChange, StreamRecord } from "../../core/ports/stream.ts";

type Image = NonNullable<DynamoDBRecord["dynamodb"]>["NewImage"];

const itemOf = (image: Image): Item | undefined =>
  image && (unmarshall(image as Record<string, AttributeValue>) as Item);

/** Whether DynamoDB's TTL removed the item: no other removal has this principal. */
const isExpiry = ({ eventName, userIdentity }: DynamoDBRecord): boolean => {
  const by = userIdentity as { readonly principalId?: unknown } | undefined;
  return eventName === "REMOVE" && by?.principalId === "dynamodb.amazonaws.com";
};

const changeOf = (record: DynamoDBRecord): ItemChange => ({
  before: itemOf(record.dynamodb?.OldImage),
  after: itemOf(record.dynamodb?.NewImage),
  isExpiry: isExpiry(record),
});

/** Each record is decoded only when it is read, so that one that cannot be decoded does not stop the others. */
export const streamRecords = ({ Records }: DynamoDBStreamEvent): readonly StreamRecord[] =>
  Records.map((record) => ({
    sequenceNumber: present(record.dynamodb?.SequenceNumber, "the sequence number of a stream record"),
    changedAtMs: present(record.dynamodb?.ApproximateCreationDateTime, "the time of a stream record") * 1000,
    read: () => changeOf(record),
    text: () => JSON.stringify(record),
  }));
