/** What operators' commands read of a table and of a queue, over the wire. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { CreateBucketCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pMap from "p-map";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { dynamoItems } from "../../../../adapters/aws/dynamodb.ts";
import { queueDepth } from "../../../../adapters/aws/operators/queue-depth.ts";
import { bytesOfContent, listedContent } from "../../../../adapters/aws/s3/listed-content.ts";
import { signedAddress } from "../../../../adapters/aws/s3/signed-address.ts";
import { scannedIndex } from "../../../../adapters/aws/operators/scanned-index.ts";
import { type JobFilter, scannedJobs } from "../../../../adapters/aws/operators/scanned-jobs.ts";
import { watchCounts } from "../../../../adapters/aws/operators/watch-counts.ts";
import type { Item } from "../../../../core/model/write.ts";
import type { EmbeddedService } from "../../../../local/shared/loopback.ts";
import { startSqs } from "../../../embedded-aws/aws/sqs.ts";
import { startEmbeddedS3 } from "../../../embedded-aws/s3/server.ts";
import { clientOf as s3Of } from "../../embedded-aws/s3-support.ts";
import { clientOf, createJobsTable, dynamoDbServices } from "../../embedded-aws/dynamodb-services.ts";

const NOW_MS = 1_800_000_000_000;

const INDEXED = { job_id: "a", content_key: "sha256/x", bytes: 7, content_type: "text/plain", indexed_at: NOW_MS };

describe.each(Object.entries(dynamoDbServices))("%s", (_name, start) => {
  let service: EmbeddedService;
  let client: DynamoDBClient;
  beforeAll(async () => {
    service = await start();
    client = clientOf(service.endpoint);
    return async () => {
      client.destroy();
      await service.stop();
    };
  });

  async function tableOf(name: string, items: Readonly<Record<string, Item>>): Promise<string> {
    await createJobsTable(client, name);
    const table = dynamoItems(client, name);
    for (const [key, set] of Object.entries(items))
      await table.write({ key, when: [[{ attribute: "pk", is: "absent" }]], set });
    return name;
  }

  it("counts what is watched in all shards, what of it is due, and since when", async () => {
    const table = await tableOf("watched", {
      "JOB#a": { state: "LEASED", watch_shard: 0, watch_at: NOW_MS + 1 },
      "JOB#b": { state: "LEASED", watch_shard: 63, watch_at: NOW_MS },
      "JOB#c": { state: "LEASED", watch_shard: 63, watch_at: NOW_MS - 1_000 },
      "JOB#d": { state: "LEASED", watch_shard: 63, watch_at: NOW_MS - 9_000 },
      "JOB#e": { state: "LEASED", watch_shard: 7, watch_at: NOW_MS - 3_000 },
      "JOB#unwatched": { state: "LEASED", watch_shard: 7 },
    });
    const { itemsAbout, ...counts } = await watchCounts(client, table, NOW_MS);
    expect(counts).toEqual({ watched: 5, due: 3, dueSinceMs: NOW_MS - 9_000, isComplete: true });
    expect(itemsAbout).toEqual(expect.any(Number));
  });

  it("counts nothing in an empty table", async () => {
    const counts = await watchCounts(client, await tableOf("empty", {}), NOW_MS);
    expect(counts).toEqual({ watched: 0, due: 0, isComplete: true, itemsAbout: 0 });
  });

  it("scans for the entries of the index, and for no other item", async () => {
    const table = await tableOf("indexed", {
      "HASH#x": INDEXED,
      "JOB#a": { states: ["INDEXED"] },
      GATE: { percent: 5 },
    });
    expect(await scannedIndex(client, table)).toEqual({
      entries: [{ key: "sha256/x", bytes: 7, jobId: "a" }],
      scanned: 3,
      readUnits: expect.any(Number),
    });
    expect((await scannedIndex(client, table, "JOB#a")).entries.length).toBeLessThanOrEqual(1);
  });

  it("scans for the jobs that a filter selects, and for no other item", async () => {
    const table = await tableOf("scanned", {
      "JOB#a": { state: "FAILED", work_id: "w", reason: "retries_exhausted:http_503", failure_class: "origin" },
      "JOB#b": { state: "FAILED", work_id: "v", reason: "http_404", failure_class: "origin" },
      "JOB#c": { state: "FAILED", work_id: "w", reason: "too_large", failure_class: "policy" },
      "JOB#d": { state: "INDEXED", work_id: "w" },
      GATE: { state: "FAILED", work_id: "w" },
    });
    const found = async (filter: JobFilter): Promise<readonly string[]> => {
      const pages = scannedJobs(client, table, filter, 2);
      const keys: unknown[] = [];
      let [from, scanned]: [string | undefined, number] = [undefined, 0];
      do {
        const page = await pages.page(from);
        keys.push(...page.items.map(({ pk }) => pk));
        scanned += page.scanned;
        expect(page.readUnits).toBeGreaterThan(0);
        from = page.next;
      } while (from !== undefined);
      expect(scanned).toBe(5);
      return keys.map(String).toSorted();
    };
    expect(await found({})).toEqual(["JOB#a", "JOB#b", "JOB#c", "JOB#d"]);
    expect(await found({ states: ["INDEXED"] })).toEqual(["JOB#d"]);
    expect(await found({ failureClass: "origin" })).toEqual(["JOB#a", "JOB#b"]);
    expect(await found({ reason: "http_" })).toEqual(["JOB#a", "JOB#b"]);
    expect(await found({ workId: "w", states: ["INDEXED", "FAILED"], reason: "503" })).toEqual(["JOB#a"]);
  });
});

describe("content", () => {
  let s3: S3Client;
  beforeAll(async () => {
    const stateDir = await mkdtemp(join(tmpdir(), "operators-"));
    const service = await startEmbeddedS3({ stateDir });
    s3 = s3Of(service.endpoint);
    await s3.send(new CreateBucketCommand({ Bucket: "content" }));
    vi.stubEnv("AWS_ENDPOINT_URL", service.endpoint);
    vi.stubEnv("AWS_REGION", "us-east-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
    return async () => {
      vi.unstubAllEnvs();
      s3.destroy();
      await service.stop();
      await rm(stateDir, { recursive: true });
    };
  });

  it("is listed whole, page by page, and each object's size is told", async () => {
    const names = Array.from({ length: 1_100 }, (_, at) => `sha256/${String(at).padStart(4, "0")}`);
    await pMap(names, async (Key) => s3.send(new PutObjectCommand({ Bucket: "content", Key, Body: "seven b" })), {
      concurrency: 32,
    });
    await s3.send(new PutObjectCommand({ Bucket: "content", Key: "elsewhere", Body: "x" }));
    const first = await listedContent(s3, "content");
    expect(first.objects).toHaveLength(1_000);
    expect(first.objects[0]).toEqual({ key: "sha256/0000", bytes: 7, modifiedAtMs: expect.any(Number) });
    const last = await listedContent(s3, "content", first.next);
    expect([...first.objects, ...last.objects].map(({ key }) => key)).toEqual(names);
    expect(last.next).toBeUndefined();
    expect(await bytesOfContent(s3, "content", "sha256/0007")).toBe(7);
    expect(await bytesOfContent(s3, "content", "sha256/none")).toBeUndefined();
  });

  it("has addresses that anybody can read it from, under the file's own name", async () => {
    await s3.send(new PutObjectCommand({ Bucket: "content", Key: "sha256/a", Body: "a paper" }));
    const object = { bucket: "content", key: "sha256/a", fileName: "größe 1.pdf", validForMs: 900_500 };
    const address = await signedAddress({ ...process.env }, object);
    expect(address).toContain("X-Amz-Expires=900&");
    const answer = await fetch(address);
    expect(await answer.text()).toBe("a paper");
    expect(answer.headers.get("content-disposition")).toContain("filename*=UTF-8''gr%C3%B6%C3%9Fe%201.pdf");
  });
});

it("a queue's depth tells messages that wait, are kept back, and are in flight", async () => {
  const service = await startSqs();
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = new SQSClient({ region: "us-east-1", endpoint: service.endpoint, credentials });
  onTestFinished(async () => {
    client.destroy();
    await service.stop();
  });
  const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName: "work" }));
  for (const DelaySeconds of [0, 0, 0, 900])
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "m", DelaySeconds }));
  await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }));
  expect(await queueDepth(client, QueueUrl)).toEqual({ waiting: 2, delayed: 1, inFlight: 1 });
});
