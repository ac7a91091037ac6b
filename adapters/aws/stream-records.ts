import { present } from "../../core/model/present.ts";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import type { Item } from "../../core/model/write.ts";
import type { ItemChange, StreamRecord } from "../../core/ports/stream.ts";

type Image = NonNullable<DynamoDBRecord["dynamodb"]>["NewImage"];

const itemOf = (image: Image): Item | undefined =>
  image && (unmarshall(image as Record<string, AttributeValue>) as Item);

/** DynamoDB's own hand: nobody else removes an item under this name. */
const isExpiry = ({ eventName, userIdentity }: DynamoDBRecord): boolean => {
  const by = userIdentity as { readonly principalId?: unknown } | undefined;
  return eventName === "REMOVE" && by?.principalId === "dynamodb.amazonaws.com";
};

const changeOf = (record: DynamoDBRecord): ItemChange => ({
  before: itemOf(record.dynamodb?.OldImage),
  after: itemOf(record.dynamodb?.NewImage),
  isExpiry: isExpiry(record),
});

/** Read one by one, when they are asked: one that cannot be read must not keep the others from it. */
export const streamRecords = ({ Records }: DynamoDBStreamEvent): readonly StreamRecord[] =>
  Records.map((record) => ({
    sequenceNumber: present(record.dynamodb?.SequenceNumber, "the sequence number of a stream record"),
    changedAtMs: present(record.dynamodb?.ApproximateCreationDateTime, "the time of a stream record") * 1000,
    read: () => changeOf(record),
    text: () => JSON.stringify(record),
  }));
