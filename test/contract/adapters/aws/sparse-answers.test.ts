/** An absent list in a service's answer is an empty list. A missing value that AWS promises is refused by name. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamoItems } from "../../../../adapters/aws/dynamodb.ts";
import { s3Staging } from "../../../../adapters/aws/s3/staging.ts";
import { sqsQueue } from "../../../../adapters/aws/sqs.ts";
import type { Items } from "../../../../core/ports/items.ts";
import type { Queue } from "../../../../core/ports/queue.ts";
import type { Staging } from "../../../../core/ports/staging.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";

let server: Server;
let answer = "";
let s3: S3Client;
let dynamodb: DynamoDBClient;
let sqs: SQSClient;
let staging: Staging;
let items: Items;
let queue: Queue;

beforeAll(async () => {
  server = createServer((request, response) => void request.resume().on("end", () => response.end(answer)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = loopbackEndpoint(server);
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const config = { endpoint, credentials, region: "us-east-1", maxAttempts: 1 };
  s3 = new S3Client({ ...config, forcePathStyle: true });
  dynamodb = new DynamoDBClient(config);
  sqs = new SQSClient({ ...config, md5: false });
  staging = s3Staging(s3, "staging");
  items = dynamoItems(dynamodb, "jobs");
  queue = sqsQueue(sqs, {
    queueUrl: `${endpoint}/1/jobs`,
    longQueueUrl: `${endpoint}/1/long`,
    deadLetterQueueUrl: `${endpoint}/1/dead`,
  });
});
afterAll(async () => {
  for (const client of [s3, dynamodb, sqs]) client.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

describe("Staging refuses an answer without", () => {
  const upload = { key: "k", uploadId: "u" };
  const body = Buffer.from("x");

  const CALLS: readonly (readonly [missing: string, xml: string, run: () => Promise<unknown>])[] = [
    ["the ETag of a staged object", "", async () => staging.put("k", body, "text/plain")],
    ["the id of a new upload", "<R/>", async () => staging.createUpload("k", "text/plain")],
    ["the ETag of an uploaded part", "", async () => staging.uploadPart(upload, 1, body)],
    ["the length of an object", "", async () => staging.head("k")],
    ["the number of a listed part", "<R><Part></Part></R>", async () => staging.listParts(upload)],
    ["the key of a listed upload", "<R><Upload></Upload></R>", async () => staging.litter(undefined, 9)],
    ["the key of a listed object", "<R><Contents></Contents></R>", async () => staging.litter(undefined, 9)],
    [
      "the key marker of a truncated list",
      "<R><IsTruncated>true</IsTruncated></R>",
      async () => staging.litter(undefined, 9),
    ],
  ];

  it.each(CALLS)("%s", async (missing, xml, run) => {
    answer = xml;
    await expect(run()).rejects.toThrow(missing);
  });
});

describe("An empty list is no list at all to some services:", () => {
  it.each([
    ["Staging.listParts", "<R/>", async () => staging.listParts({ key: "k", uploadId: "u" }), []],
    ["Staging.litter", "<R/>", async () => staging.litter(undefined, 9), { found: [] }],
    ["Items.read", "{}", async () => items.read("k"), undefined],
    ["Items.readMany", "{}", async () => items.readMany(["k"]), new Map()],
    ["Items.watched", "{}", async () => items.watched(0, 1, 1), []],
  ] as const)("%s finds nothing", async (_call, text, run, nothing) => {
    answer = text;
    expect(await run()).toEqual(nothing);
  });

  it("Queue.send takes a reply that names no failures as a success", async () => {
    answer = "{}";
    await expect(queue.send([{ body: "b", group: "g" }])).resolves.toBeUndefined();
  });
});

describe("Items refuses an answer without", () => {
  const write = { key: "k", when: [[{ attribute: "pk", is: "absent" }]], set: { a: 1 } } as const;

  it.each([
    ["the item after an update", "{}", async () => items.write(write)],
    ["the key of an item", '{"Items":[{}]}', async () => items.watched(0, 1, 1)],
  ] as const)("%s", async (missing, json, run) => {
    answer = json;
    await expect(run()).rejects.toThrow(missing);
  });
});
