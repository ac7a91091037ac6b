/** What is sent to DynamoDB, and answers that the embedded ones never give, from a server that gives chosen answers. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dynamoItems } from "../../../../adapters/aws/dynamodb.ts";
import { RetryableError } from "../../../../core/model/errors.ts";
import type { Items } from "../../../../core/ports/items.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";

const TABLE = "jobs";

interface Key {
  readonly pk: { readonly S: string };
}
interface Input {
  readonly ConsistentRead?: boolean;
  readonly RequestItems?: Readonly<
    Record<string, { readonly Keys: readonly Key[]; readonly ConsistentRead?: boolean }>
  >;
}
interface Call {
  readonly operation: string;
  readonly input: Input;
}

let server: Server;
let client: DynamoDBClient;
let items: Items;
let calls: Call[] = [];
let pauses: number[] = [];
/** How many keys of a BatchGetItem the table processes. */
let capacity = (_call: number): number => Infinity;

const keysOf = ({ RequestItems }: Input): readonly Key[] => RequestItems?.[TABLE]?.Keys ?? [];

function answerTo({ operation, input }: Call): object {
  if (operation !== "BatchGetItem") return {};
  const keys = keysOf(input);
  const processed = capacity(calls.length);
  const left = keys.slice(processed);
  return {
    Responses: { [TABLE]: keys.slice(0, processed) },
    UnprocessedKeys: left.length > 0 ? { [TABLE]: { Keys: left } } : {},
  };
}

beforeEach(async () => {
  calls = [];
  pauses = [];
  capacity = () => Infinity;
  server = createServer((request, response) => {
    const received: Buffer[] = [];
    request
      .on("data", (chunk: Buffer) => received.push(chunk))
      .on("end", () => {
        const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
        const call = { operation, input: JSON.parse(Buffer.concat(received).toString()) as Input };
        calls.push(call);
        response.setHeader("content-type", "application/x-amz-json-1.0");
        response.end(JSON.stringify(answerTo(call)));
      });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  client = new DynamoDBClient({
    endpoint: loopbackEndpoint(server),
    region: "us-east-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  items = dynamoItems(client, TABLE, async (ceilingMs) => void pauses.push(ceilingMs));
});
afterEach(async () => {
  client.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `JOB#${index}`);

describe("on the wire", () => {
  it("Items.read asks DynamoDB for a strongly consistent read", async () => {
    await items.read("JOB#1");
    expect(calls).toEqual([
      { operation: "GetItem", input: { TableName: TABLE, Key: { pk: { S: "JOB#1" } }, ConsistentRead: true } },
    ]);
  });

  it("Items.readMany asks DynamoDB for strongly consistent reads, in every round", async () => {
    capacity = () => 60;
    await items.readMany(names(150));
    const consistent = calls.map(({ operation, input }) => [operation, input.RequestItems?.[TABLE]?.ConsistentRead]);
    expect(consistent).toEqual(Array.from({ length: 3 }, () => ["BatchGetItem", true]));
  });

  it("Items.watched asks for no consistent read, which DynamoDB refuses on an index", async () => {
    await items.watched(0, 1, 1);
    expect(calls.map(({ operation, input }) => [operation, input.ConsistentRead])).toEqual([["Query", undefined]]);
  });
});

describe("a read of many items from a busy table", () => {
  it("asks again for the keys that were left out, after a pause", async () => {
    capacity = () => 20;
    const found = await items.readMany(names(90));
    expect([...found.keys()]).toEqual(names(90));
    expect(calls.map(({ input }) => keysOf(input).length)).toEqual([90, 70, 50, 30, 10]);
    expect(pauses).toEqual([50, 50, 50, 50]);
  });

  it("doubles the pause with each answer in a row that has no key", async () => {
    capacity = (call) => (call % 4 === 0 ? 20 : 0);
    expect((await items.readMany(names(40))).size).toBe(40);
    expect(calls).toHaveLength(8);
    expect(pauses).toEqual([50, 100, 200, 50, 50, 100, 200]);
  });

  it("gives up after eight answers in a row without a key, with a RetryableError of the class system", async () => {
    capacity = (call) => (call === 1 ? 20 : 0);
    const error: unknown = await items.readMany(names(250)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ reason: "table_busy", failureClass: "system" });
    expect(calls).toHaveLength(1 + 8);
    expect(pauses).toEqual([50, 50, 100, 200, 400, 800, 1600, 3200]);
  });

  it("does not pause if the table leaves out no key", async () => {
    expect((await items.readMany(names(250))).size).toBe(250);
    expect([calls.length, pauses]).toEqual([3, []]);
  });

  it("waits by itself for a random time below the ceiling", async () => {
    capacity = (call) => (call < 3 ? 0 : Infinity);
    const startMs = performance.now();
    expect((await dynamoItems(client, TABLE).readMany(names(1))).size).toBe(1);
    expect(performance.now() - startMs).toBeLessThan(5000);
    expect(calls).toHaveLength(3);
  });
});
