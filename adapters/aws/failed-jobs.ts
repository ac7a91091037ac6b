import { present } from "../../core/model/present.ts";
import { ScanCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FailedJobs } from "../../core/ports/items.ts";
import { itemOf } from "./dynamodb.ts";

/** Items scanned, not found, per request: this bounds the cost of a request. */
const ITEMS_A_PAGE = 1000;

/** A filtered scan of the table, so that no index is needed. It costs what it scans, and tells the caller how much. */
export function scannedFailedJobs(client: DynamoDBClient, table: string, itemsAPage = ITEMS_A_PAGE): FailedJobs {
  return {
    async page(from) {
      const { Items, ScannedCount, ConsumedCapacity, LastEvaluatedKey } = await client.send(
        new ScanCommand({
          TableName: table,
          FilterExpression: "begins_with(#pk, :job) AND #state = :failed",
          ExpressionAttributeNames: { "#pk": "pk", "#state": "state" },
          ExpressionAttributeValues: { ":job": { S: "JOB#" }, ":failed": { S: "FAILED" } },
          Limit: itemsAPage,
          ReturnConsumedCapacity: "TOTAL",
          ExclusiveStartKey: from === undefined ? undefined : { pk: { S: from } },
        }),
      );
      const next = LastEvaluatedKey?.["pk"]?.S;
      return {
        items: (Items ?? []).map(itemOf),
        scanned: present(ScannedCount, "the number of scanned items"),
        readUnits: present(ConsumedCapacity?.CapacityUnits, "the read units of a scan"),
        ...(next !== undefined && { next }),
      };
    },
  };
}
