/** Fields that services other than AWS's own leave out of their answers count as empty, and never cause an error. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamoItems } from "../../../../adapters/aws/dynamodb.ts";
import { s3Staging } from "../../../../adapters/aws/s3-staging.ts";
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
  queue = sqsQueue(sqs, { queueUrl: `${endpoint}/1/jobs`, deadLetterQueueUrl: `${endpoint}/1/dead` });
});
afterAll(async () => {
  for (const client of [s3, dynamodb, sqs]) client.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

describe("Staging, given an S3 answer without optional fields,", () => {
  const upload = { key: "k", uploadId: "u" };
  const body = Buffer.from("x");

  const CALLS: readonly (readonly [call: string, xml: string, run: () => Promise<unknown>, nothing: unknown])[] = [
    ["put", "", async () => staging.put("k", body, "text/plain"), { etag: "" }],
    ["createUpload", "<R/>", async () => staging.createUpload("k", "text/plain"), { key: "k", uploadId: "" }],
    ["uploadPart", "", async () => staging.uploadPart(upload, 1, body), { etag: "" }],
    ["completeUpload", "<R/>", async () => staging.completeUpload(upload, []), { etag: "" }],
    ["head", "", async () => staging.head("k"), { bytes: 0, etag: "" }],
    ["listParts", "<R/>", async () => staging.listParts(upload), []],
    [
      "listParts with an empty part",
      "<R><Part></Part></R>",
      async () => staging.listParts(upload),
      [{ partNumber: 0, etag: "", bytes: 0 }],
    ],
    ["litter", "<R/>", async () => staging.litter(undefined, 9), { found: [] }],
    [
      "litter with an empty upload and object",
      "<R><Upload></Upload><Contents></Contents></R>",
      async () => staging.litter(undefined, 9),
      {
        found: [
          { key: "", uploadId: "", createdMs: 0 },
          { key: "", createdMs: 0 },
        ],
      },
    ],
    [
      "litter with a truncated page",
      "<R><IsTruncated>true</IsTruncated></R>",
      async () => staging.litter(undefined, 9),
      { found: [], next: JSON.stringify({ of: "uploads", key: "", uploadId: "" }) },
    ],
  ];

  it.each(CALLS)("returns empty values: %s", async (_call, xml, run, nothing) => {
    answer = xml;
    expect(await run()).toEqual(nothing);
  });
});

describe("Items, given a DynamoDB answer without optional fields,", () => {
  const write = { key: "k", when: [[{ attribute: "pk", is: "absent" }]], set: { a: 1 } } as const;

  const CALLS: readonly (readonly [call: string, json: object, run: () => Promise<unknown>, nothing: unknown])[] = [
    ["write", {}, async () => items.write(write), { applied: true, item: {} }],
    ["read", {}, async () => items.read("k"), undefined],
    ["readMany", {}, async () => items.readMany(["k"]), new Map()],
    ["watched", {}, async () => items.watched(0, 1, 1), []],
    ["watched with an empty item", { Items: [{}] }, async () => items.watched(0, 1, 1), [""]],
  ];

  it.each(CALLS)("returns empty values: %s", async (_call, json, run, nothing) => {
    answer = JSON.stringify(json);
    expect(await run()).toEqual(nothing);
  });
});

it("Queue, given an SQS answer without optional fields, sends without an error", async () => {
  answer = "{}";
  await expect(queue.send([{ body: "b", group: "g" }])).resolves.toBeUndefined();
});
