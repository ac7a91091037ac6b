/** The embedded S3: its objects as files, its reports of requests, and its refusals of what it does not implement. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startEmbeddedS3, type S3RequestSeen } from "../../embedded-aws/s3/server.ts";
import type { EmbeddedService } from "../../../local/shared/loopback.ts";
import { BucketUnderTest, bytesOf, clientOf, md5, MiB, newBucket, refusal, temporaryFolder } from "./s3-support.ts";

let folder: string;
let server: EmbeddedService;
let client: S3Client;
let bucket: string;
let requests: S3RequestSeen[];
let bytesSeen: Map<string, number>;
const s3 = new BucketUnderTest(() => ({ client, bucket }));
const content = new BucketUnderTest(() => ({ client, bucket: "content" }));

async function start(): Promise<void> {
  requests = [];
  bytesSeen = new Map();
  server = await startEmbeddedS3({
    stateDir: join(folder, "state"),
    bucketDirs: { content: join(folder, "content") },
    onRequest: (seen) => requests.push(seen),
    onBytes: ({ key, bytes }) => bytesSeen.set(key, (bytesSeen.get(key) ?? 0) + bytes),
  });
  client = clientOf(server.endpoint);
}

beforeEach(async () => {
  folder = await temporaryFolder();
  await start();
  bucket = await newBucket(client);
});

afterEach(async () => {
  client.destroy();
  await server.stop();
  await rm(folder, { recursive: true });
});

async function namesUnder(directory: string): Promise<readonly string[]> {
  return (await readdir(join(folder, directory), { recursive: true })).sort();
}

async function bodyIfAny(key: string): Promise<string | undefined> {
  const response = await fetch(`${server.endpoint}/${bucket}/${key}`);
  const body = await response.text();
  return response.ok ? body : undefined;
}

async function rawPut(key: string, headers: Record<string, string>, body: string): Promise<number> {
  const response = await fetch(`${server.endpoint}/${bucket}/${key}`, { method: "PUT", headers, body });
  await response.text();
  return response.status;
}

describe("the embedded S3's objects as files", () => {
  const address = "sha256/ab/cd/abcd";

  test("a bucket's folder holds its objects under their keys, and nothing else", async () => {
    await client.send(new CreateBucketCommand({ Bucket: "content" }));
    await s3.put("staged", "body");
    const copy = { Bucket: "content", Key: address, CopySource: `${bucket}/staged` };
    await client.send(new CopyObjectCommand({ ...copy, IfNoneMatch: "*" }));
    await s3.remove("staged");
    expect(await readFile(join(folder, "content", address), "utf8")).toBe("body");
    expect(await namesUnder("content")).toEqual(["sha256", "sha256/ab", "sha256/ab/cd", address]);
    await content.remove(address);
    expect(await namesUnder("content")).toEqual([]);
  });

  test("a file added by hand is an object, and a removed file is no longer one", async () => {
    await client.send(new CreateBucketCommand({ Bucket: "content" }));
    await mkdir(join(folder, "content", "by"));
    await writeFile(join(folder, "content", "by", "hand"), "body");
    expect(await content.head("by/hand")).toMatchObject({ ETag: `"${md5("body")}"`, ContentLength: 4 });
    await rm(join(folder, "content", "by", "hand"));
    expect((await refusal(content.head("by/hand"))).status).toBe(404);
  });

  test("metadata that is missing, or that belongs to other data, is made anew", async () => {
    await s3.put("changed", "before");
    await s3.put("lost", "body");
    await writeFile(join(folder, "state/objects", bucket, "changed"), "after all");
    expect((await s3.head("changed")).ETag).toBe(`"${md5("after all")}"`);
    await rm(join(folder, "state/meta"), { recursive: true });
    expect((await s3.head("lost")).ETag).toBe(`"${md5("body")}"`);
  });

  test("any key can be stored, listed, read and removed, and leaves no folder behind", async () => {
    const segment = fc.oneof(
      fc.constantFrom("", ".", "..", "+", "a+", "%2E", "%", "~", "\\", "\u0001", "x".repeat(300), "é".repeat(120)),
      fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.includes("\0")),
    );
    const anyKey = fc
      .array(segment, { minLength: 1, maxLength: 4 })
      .map((segments) => segments.join("/"))
      .filter((key) => key !== "" && Buffer.byteLength(key) <= 1024);
    await fc.assert(
      fc.asyncProperty(anyKey, async (key) => {
        await s3.put(key, key);
        expect((await s3.read(key)).toString()).toBe(key);
        const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, EncodingType: "url" }));
        expect(page.Contents?.map(({ Key = "" }) => decodeURIComponent(Key))).toEqual([key]);
        await s3.remove(key);
        expect(await namesUnder(`state/objects/${bucket}`)).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(await namesUnder("state")).toContain("buckets");
  });

  test("long keys are listed in byte order among their neighbours", async () => {
    const long = "x".repeat(200);
    const keys = [`${long}!`, `${long}/1`, `${long}0/2`, `${long}1`];
    for (const key of keys) await s3.put(key, "x");
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(keys);
  });

  test.each([
    { why: "longer than 1024 bytes", key: "x".repeat(1025), name: "KeyTooLongError" },
    { why: "with a NUL", key: "a\0b", name: "InvalidURI" },
    { why: "under a key that is an object", key: "object/below", name: "InvalidRequest" },
    { why: "above keys that are objects", key: "folder", name: "InvalidRequest" },
  ])("a key $why is refused with 400", async ({ key, name }) => {
    await s3.put("object", "x");
    await s3.put("folder/object", "x");
    expect(await refusal(s3.put(key, "x"))).toEqual({ status: 400, name });
    expect((await s3.read("object")).toString()).toBe("x");
  });
});

describe("request bodies of the embedded S3", () => {
  const chunked = {
    "content-encoding": "aws-chunked",
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-trailer": "x-amz-checksum-crc32",
  };

  test.each([
    {
      what: "with the right trailing CRC32",
      body: "4\r\nbody\r\n0\r\nx-amz-checksum-crc32:26gLsg==\r\n\r\n",
      status: 200,
    },
    {
      what: "with signed chunks",
      body: "4;chunk-signature=0\r\nbody\r\n0\r\nx-amz-checksum-crc32:26gLsg==\r\n\r\n",
      status: 200,
    },
    {
      what: "with a wrong trailing CRC32",
      body: "4\r\nbody\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
      status: 400,
    },
    { what: "without the trailer it announced", body: "4\r\nbody\r\n0\r\n\r\n", status: 400 },
    { what: "that ends within a chunk", body: "5\r\nbody", status: 400 },
    { what: "with a chunk longer than its header", body: "3\r\nbody\r\n0\r\n\r\n", status: 400 },
    { what: "that is not chunked at all", body: "body", status: 400 },
  ])("an aws-chunked body $what is answered with $status", async ({ body, status }) => {
    expect(await rawPut("chunked", chunked, body)).toBe(status);
    expect(await bodyIfAny("chunked")).toBe(status === 200 ? "body" : undefined);
    expect(await readdir(join(folder, "state/tmp"))).toEqual([]);
  });

  test.each([
    { header: "content-md5", algorithm: "md5" },
    { header: "x-amz-checksum-sha1", algorithm: "sha1" },
    { header: "x-amz-checksum-sha256", algorithm: "sha256" },
  ])("the digest in $header is verified", async ({ header, algorithm }) => {
    const digestOf = (text: string) => createHash(algorithm).update(text).digest("base64");
    expect(await rawPut("verified", { [header]: digestOf("body") }, "body")).toBe(200);
    expect(await rawPut("refused", { [header]: digestOf("another") }, "body")).toBe(400);
  });

  test("a client that disconnects in mid-body leaves no object and no file", async () => {
    const url = new URL(`/${bucket}/torn`, server.endpoint);
    const torn = request(url, { method: "PUT", headers: { "content-length": 100 } });
    torn.on("error", () => {});
    torn.write("half");
    await vi.waitUntil(() => bytesSeen.get("torn") === 4);
    torn.destroy();
    await vi.waitUntil(() => requests.some(({ status }) => status === 499));
    expect((await refusal(s3.head("torn"))).status).toBe(404);
    expect(await readdir(join(folder, "state/tmp"))).toEqual([]);
  });
});

describe("the reports and refusals of the embedded S3", () => {
  test("every request is reported with its operation and status, and every body byte is counted", async () => {
    requests.length = 0;
    await s3.put("seen", bytesOf("seen", MiB));
    await refusal(s3.put("seen", "again", "*"));
    await s3.complete(await s3.upload("parts", [Buffer.from("part")]));
    await s3.remove("seen");
    const seen = requests.map(({ operation, key, status }) => `${operation} ${key} ${status}`);
    expect(seen).toEqual([
      "PutObject seen 200",
      "PutObject seen 412",
      "CreateMultipartUpload parts 200",
      "UploadPart parts 200",
      "CompleteMultipartUpload parts 200",
      "DeleteObject seen 204",
    ]);
    expect(Object.fromEntries(bytesSeen)).toEqual({ seen: MiB + "again".length, parts: "part".length });
  });

  test("operations and options that it does not implement are answered with 501", async () => {
    const notImplemented = { status: 501, name: "NotImplemented" };
    const object = { Bucket: bucket, Key: "k" };
    expect(await refusal(client.send(new DeleteBucketCommand({ Bucket: bucket })))).toEqual(notImplemented);
    expect(await refusal(client.send(new GetObjectTaggingCommand(object)))).toEqual(notImplemented);
    expect(await refusal(client.send(new PutObjectCommand({ ...object, Body: "x", Tagging: "a=b" })))).toEqual(
      notImplemented,
    );
    expect(await refusal(client.send(new PutObjectCommand({ ...object, Body: "x", IfNoneMatch: '"etag"' })))).toEqual(
      notImplemented,
    );
  });

  const deny = { Effect: "Deny", Principal: "*", Action: "s3:PutObject", Resource: "*" };
  test.each([
    {
      flaw: "an unknown condition operator",
      statement: { ...deny, Condition: { StringLike: { "s3:if-match": "*" } } },
    },
    { flaw: "an unknown condition key", statement: { ...deny, Condition: { Null: { "s3:prefix": "true" } } } },
    { flaw: "a principal other than *", statement: { ...deny, Principal: { AWS: "arn:aws:iam::111122223333:root" } } },
    { flaw: "NotAction", statement: { Effect: "Deny", Principal: "*", NotAction: "s3:GetObject", Resource: "*" } },
  ])("a policy with $flaw is refused, not ignored", async ({ statement }) => {
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    const put = client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    expect(await refusal(put)).toEqual({ status: 400, name: "MalformedPolicy" });
    await s3.put("still/allowed", "x");
  });

  test.each([
    { Condition: { StringEquals: { "s3:if-none-match": "*" } }, withHeader: 403, without: 200 },
    { Condition: { StringNotEquals: { "s3:if-none-match": ["*"] } }, withHeader: 200, without: 403 },
    { Condition: { Null: { "s3:if-none-match": false } }, withHeader: 403, without: 200 },
    { Condition: { Bool: { "aws:SecureTransport": "false" } }, withHeader: 200, without: 200 },
  ])(
    "a deny with $Condition answers $withHeader with If-None-Match and $without without",
    async ({ Condition, withHeader, without }) => {
      const Policy = JSON.stringify({ Statement: [{ ...deny, Condition }] });
      await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
      await Promise.allSettled([s3.put("with", "x", "*"), s3.put("without", "x")]);
      const statuses = requests.flatMap(({ key, status }) => (key === "" ? [] : [[key, status]]));
      expect(Object.fromEntries(statuses)).toEqual({ with: withHeader, without });
    },
  );
});
