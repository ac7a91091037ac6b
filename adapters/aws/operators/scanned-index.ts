import { ScanCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { present } from "../../../core/model/present.ts";

/** What the index says of the content of one hash. */
export interface Indexed {
  readonly key: string;
  readonly bytes: number;
  /** The first job that had this content. */
  readonly jobId: string;
}

export interface IndexPage {
  readonly entries: readonly Indexed[];
  /** Items that were read, jobs among them. */
  readonly scanned: number;
  readonly readUnits: number;
  /** Where the next page begins. Undefined: this was the last one. */
  readonly next?: string;
}

/** A page of the index, by a scan of the table. It costs what it scans. */
export async function scannedIndex(client: DynamoDBClient, table: string, from?: string): Promise<IndexPage> {
  const { ConsumedCapacity, Items, LastEvaluatedKey, ScannedCount } = await client.send(
    new ScanCommand({
      TableName: table,
      FilterExpression: "begins_with(pk, :hash)",
      ExpressionAttributeValues: { ":hash": { S: "HASH#" } },
      ProjectionExpression: "content_key, #bytes, job_id",
      ExpressionAttributeNames: { "#bytes": "bytes" },
      ReturnConsumedCapacity: "TOTAL",
      ExclusiveStartKey: from === undefined ? undefined : { pk: { S: from } },
    }),
  );
  const next = LastEvaluatedKey?.["pk"]?.S;
  return {
    entries: (Items ?? []).map(({ bytes, content_key: key, job_id: jobId }) => ({
      key: present(key?.S, "the key in an index entry"),
      bytes: Number(present(bytes?.N, "the size in an index entry")),
      jobId: present(jobId?.S, "the job in an index entry"),
    })),
    scanned: present(ScannedCount, "the number of scanned items"),
    readUnits: present(ConsumedCapacity?.CapacityUnits, "the read units of a scan"),
    ...(next !== undefined && { next }),
  };
}
