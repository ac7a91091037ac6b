import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteTableCommand,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { UpdateItemCommandInput, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { clientOf, createJobsTable, dynamoDbServices } from "./dynamodb-services.ts";
import { startDynamoDb } from "../../embedded-aws/aws/dynamodb.ts";
import type { DynamoDbRequest } from "../../embedded-aws/aws/dynamodb.ts";
import type { EmbeddedService } from "../../../local/shared/loopback.ts";

/** A name of our own: an external service may hold other tables. */
const TABLE = `jobs-${randomBytes(6).toString("hex")}`;

let key = "";
let keys = 0;
beforeEach(() => {
  key = `JOB#${keys++}`;
});

function update(input: Partial<UpdateItemCommandInput>): UpdateItemCommand {
  return new UpdateItemCommand({ TableName: TABLE, Key: { pk: { S: key } }, ...input });
}

const lease = (owner: string): UpdateItemCommand =>
  update({
    UpdateExpression: "SET #o = :o, #s = if_not_exists(#s, :planned) ADD #f :one REMOVE #x",
    ConditionExpression: "attribute_not_exists(#o) OR #o = :o",
    ExpressionAttributeNames: { "#o": "owner", "#s": "state", "#f": "fence", "#x": "reason" },
    ExpressionAttributeValues: { ":o": { S: owner }, ":planned": { S: "PLANNED" }, ":one": { N: "1" } },
    ReturnValues: "ALL_NEW",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });

const watch = (at: number, shard = 0): UpdateItemCommand =>
  update({
    UpdateExpression: "SET watch_shard = :shard, watch_at = :at",
    ExpressionAttributeValues: { ":shard": { N: String(shard) }, ":at": { N: String(at) } },
    ReturnConsumedCapacity: "INDEXES",
  });

const unwatch = (): UpdateItemCommand =>
  update({ UpdateExpression: "REMOVE watch_at", ReturnConsumedCapacity: "INDEXES" });

const touch = (attribute: string, text: string): UpdateItemCommand =>
  update({
    UpdateExpression: "SET #a = :text",
    ExpressionAttributeNames: { "#a": attribute },
    ExpressionAttributeValues: { ":text": { S: text } },
    ReturnConsumedCapacity: "INDEXES",
  });

async function refusal(sent: Promise<unknown>): Promise<ConditionalCheckFailedException> {
  const error = await sent.then(
    () => new Error("The write was applied."),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConditionalCheckFailedException)) throw error;
  return error;
}

describe.each(Object.entries(dynamoDbServices))("DynamoDB, as far as the product uses it, on %s", (_name, start) => {
  let service: EmbeddedService;
  let client: DynamoDBClient;

  beforeAll(async () => {
    service = await start();
    client = clientOf(service.endpoint);
    await createJobsTable(client, TABLE);
  });
  afterAll(async () => {
    await client.send(new DeleteTableCommand({ TableName: TABLE }));
    client.destroy();
    await service.stop();
  });

  it("applies SET, if_not_exists, ADD and REMOVE in one conditional update and returns the new item", async () => {
    await client.send(touch("reason", "the last attempt's"));
    const first = await client.send(lease("a"));
    expect(first.Attributes).toEqual({
      pk: { S: key },
      owner: { S: "a" },
      state: { S: "PLANNED" },
      fence: { N: "1" },
    });
    await client.send(touch("state", "LEASED"));
    const second = await client.send(lease("a"));
    expect(second.Attributes).toMatchObject({ state: { S: "LEASED" }, fence: { N: "2" } });
  });

  it("answers a refused update with the refusing item if ALL_OLD is requested", async () => {
    await client.send(lease("a"));
    const refused = await refusal(client.send(lease("b")));
    expect(refused.Item).toMatchObject({ pk: { S: key }, owner: { S: "a" }, fence: { N: "1" } });
  });

  it("answers a refused update without the item if ALL_OLD is not requested", async () => {
    await client.send(lease("a"));
    const refused = await refusal(
      client.send(
        update({
          UpdateExpression: "ADD fence :one",
          ConditionExpression: "attribute_not_exists(pk)",
          ExpressionAttributeValues: { ":one": { N: "1" } },
        }),
      ),
    );
    expect(refused.Item).toBeUndefined();
  });

  it("refuses a condition on a missing item, and creates no item", async () => {
    const refused = await refusal(
      client.send(
        update({
          UpdateExpression: "ADD fence :one",
          ConditionExpression: "fence = :one",
          ExpressionAttributeValues: { ":one": { N: "1" } },
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      ),
    );
    expect(refused.Item).toBeUndefined();
    const read = await client.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: key } } }));
    expect(read.Item).toBeUndefined();
  });

  it("applies exactly one of eight racing conditional writes", async () => {
    const owners = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const outcomes = await Promise.allSettled(owners.map(async (owner) => client.send(lease(owner))));
    expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
    const read = await client.send(
      new GetItemCommand({ TableName: TABLE, Key: { pk: { S: key } }, ConsistentRead: true }),
    );
    expect(read.Item?.["fence"]).toEqual({ N: "1" });
  });

  it("reads several items at once, and leaves out keys without an item", async () => {
    await client.send(lease("a"));
    const read = await client.send(
      new BatchGetItemCommand({
        RequestItems: { [TABLE]: { Keys: [{ pk: { S: key } }, { pk: { S: "JOB#none" } }], ConsistentRead: true } },
      }),
    );
    expect(read.Responses?.[TABLE]?.map((item) => item["pk"]?.S)).toEqual([key]);
  });

  it("lists in the index only items that have both index keys, in the requested range, oldest first", async () => {
    const shard = 7;
    const names = ["late", "early", "future", "unwatched"];
    for (const [index, name] of names.entries()) {
      key = `JOB#${name}`;
      await client.send(watch([200, 100, 900, 150][index] ?? 0, shard));
    }
    await client.send(unwatch());
    const found = await client.send(
      new QueryCommand({
        TableName: TABLE,
        IndexName: "watch",
        KeyConditionExpression: "watch_shard = :shard AND watch_at < :before",
        ExpressionAttributeValues: { ":shard": { N: String(shard) }, ":before": { N: "900" } },
        Limit: 10,
      }),
    );
    expect(found.Items?.map((item) => item["pk"]?.S)).toEqual(["JOB#early", "JOB#late"]);
  });

  it.each([
    { change: "the index entry appears", before: [], write: () => watch(1), table: 1, index: 1 },
    { change: "the index entry's key changes", before: [() => watch(1)], write: () => watch(2), table: 1, index: 2 },
    { change: "the index entry disappears", before: [() => watch(1)], write: unwatch, table: 1, index: 1 },
    { change: "the index entry stays", before: [() => watch(1)], write: () => touch("note", "n"), table: 1, index: 0 },
    { change: "there is no index entry", before: [], write: () => touch("note", "n"), table: 1, index: 0 },
    {
      change: "the item is over 1 KB",
      before: [() => watch(1)],
      write: () => touch("note", "n".repeat(1024)),
      table: 2,
      index: 0,
    },
  ])(
    "counts $table write units for the table and $index for the index if $change",
    async ({ before, write, table, index }) => {
      for (const earlier of before) await client.send(earlier());
      const { ConsumedCapacity: consumed } = await client.send(write());
      expect(consumed?.Table?.CapacityUnits).toBe(table);
      expect(consumed?.GlobalSecondaryIndexes?.["watch"]?.CapacityUnits ?? 0).toBe(index);
      expect(consumed?.CapacityUnits).toBe(table + index);
    },
  );
});

describe("the embedded DynamoDB", () => {
  it("keeps its items across a restart", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fetchonce-dynamodb-"));
    const seen: (string | undefined)[] = [];
    for (const step of ["write", "read"]) {
      const service = await startDynamoDb({ path: join(folder, "tables") });
      const client = clientOf(service.endpoint);
      if (step === "write") {
        await createJobsTable(client, TABLE);
        await client.send(lease("a"));
      }
      const read = await client.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: key } } }));
      seen.push(read.Item?.["owner"]?.S);
      client.destroy();
      await service.stop();
    }
    await rm(folder, { recursive: true });
    expect(seen).toEqual(["a", "a"]);
  });

  it("reports the operation and the cost of each request, refused writes included", async () => {
    const requests: DynamoDbRequest[] = [];
    const service = await startDynamoDb({
      onRequest: (request) => {
        if (request.operation !== "DescribeTable") requests.push(request);
      },
    });
    const client = clientOf(service.endpoint);
    await createJobsTable(client, TABLE);
    await client.send(watch(1));
    await client.send(lease("a"));
    await refusal(client.send(lease("b")));
    await client.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: key } }, ConsistentRead: true }));
    client.destroy();
    await service.stop();
    expect(requests).toEqual([
      { operation: "CreateTable", writeUnits: 0, readUnits: 0, status: 200 },
      { operation: "UpdateItem", key, writeUnits: 2, readUnits: 0, status: 200 },
      { operation: "UpdateItem", key, writeUnits: 1, readUnits: 0, status: 200 },
      { operation: "UpdateItem", key, writeUnits: 1, readUnits: 0, status: 400 },
      { operation: "GetItem", key, writeUnits: 0, readUnits: 1, status: 200 },
    ]);
  });
});
