import { DescribeTableCommand, QueryCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import pMap from "p-map";
import { WATCH_INDEX, watchShards } from "../../../core/model/keys.ts";

/** Shards that are counted at a time. */
const LANES = 16;

/** What can be known of a table's jobs without reading them. */
export interface WatchCounts {
  /** Jobs that the reconciler watches: leased ones, and ones that wait. */
  readonly watched: number;
  /** Those of them that it is to bring back now. */
  readonly due: number;
  /** Since when the first of these is due. */
  readonly dueSinceMs?: number;
  /** Whether all of them were counted: an answer covers some 10,000 of a shard. */
  readonly isComplete: boolean;
  /** All items of the table, as DynamoDB counted them within the last six hours. */
  readonly itemsAbout: number;
}

/** Counts the entries of the watch index, by one or two queries of each shard. */
export async function watchCounts(client: DynamoDBClient, table: string, nowMs: number): Promise<WatchCounts> {
  const [{ Table }, shards] = await Promise.all([
    client.send(new DescribeTableCommand({ TableName: table })),
    pMap(watchShards(), async (shard) => countShard(client, table, shard, nowMs), { concurrency: LANES }),
  ]);
  const sum = (of: (counts: ShardCounts) => number): number => shards.reduce((total, each) => total + of(each), 0);
  const since = shards.flatMap(({ dueSinceMs }) => dueSinceMs ?? []);
  return {
    watched: sum(({ due, later }) => due + later),
    due: sum(({ due }) => due),
    ...(since.length > 0 && { dueSinceMs: Math.min(...since) }),
    isComplete: shards.every(({ isComplete }) => isComplete),
    itemsAbout: Table?.ItemCount ?? 0,
  };
}

interface ShardCounts {
  readonly due: number;
  readonly later: number;
  readonly dueSinceMs: number | undefined;
  readonly isComplete: boolean;
}

async function countShard(client: DynamoDBClient, table: string, shard: number, nowMs: number): Promise<ShardCounts> {
  const query = async (comparison: "<" | ">=", select: "COUNT" | "ALL_PROJECTED_ATTRIBUTES") =>
    client.send(
      new QueryCommand({
        TableName: table,
        IndexName: WATCH_INDEX,
        KeyConditionExpression: `#shard = :shard AND #at ${comparison} :now`,
        ExpressionAttributeNames: { "#shard": "watch_shard", "#at": "watch_at" },
        ExpressionAttributeValues: { ":shard": { N: String(shard) }, ":now": { N: String(nowMs) } },
        Select: select,
        // The first one says since when it is due.
        ...(select !== "COUNT" && { Limit: 1 }),
      }),
    );
  const [due, later] = await Promise.all([query("<", "COUNT"), query(">=", "COUNT")]);
  const first = due.Count ? await query("<", "ALL_PROJECTED_ATTRIBUTES") : undefined;
  const dueSince = first?.Items?.[0]?.["watch_at"]?.N;
  return {
    due: due.Count ?? 0,
    later: later.Count ?? 0,
    dueSinceMs: dueSince === undefined ? undefined : Number(dueSince),
    isComplete: due.LastEvaluatedKey === undefined && later.LastEvaluatedKey === undefined,
  };
}
