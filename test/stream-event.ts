import { marshall } from "@aws-sdk/util-dynamodb";
import type { AttributeValue, DynamoDBRecord } from "aws-lambda";
import type { Item } from "../core/model/write.ts";

/** 2026-11-25T08:00:00Z in seconds, DynamoDB's unit. */
const CHANGED_AT_S = 1_795_593_600;
const BY_TTL = { type: "Service", principalId: "dynamodb.amazonaws.com" };

interface Change {
  readonly before?: Item | undefined;
  readonly after?: Item | undefined;
  readonly isExpiry?: boolean;
  readonly at?: number;
}

const imageOf = (item: Item): Record<string, AttributeValue> => marshall(item) as Record<string, AttributeValue>;

/** A record of a DynamoDB stream, in the shape that Lambda passes to a handler. */
export const streamRecord = ({ before, after, isExpiry = false, at = 1 }: Change): DynamoDBRecord => ({
  eventID: `event-${at}`,
  eventName: before ? (after ? "MODIFY" : "REMOVE") : "INSERT",
  eventSource: "aws:dynamodb",
  dynamodb: {
    ApproximateCreationDateTime: CHANGED_AT_S + at,
    Keys: imageOf({ pk: (after ?? before)?.["pk"] ?? "" }),
    ...(before && { OldImage: imageOf(before) }),
    ...(after && { NewImage: imageOf(after) }),
    SequenceNumber: String(at).padStart(21, "0"),
    StreamViewType: "NEW_AND_OLD_IMAGES",
  },
  ...(isExpiry && { userIdentity: BY_TTL }),
});
