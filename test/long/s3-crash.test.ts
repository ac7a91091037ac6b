/** What only the embedded S3 promises: bounded memory, and that everything it answered survives kill -9. */
import { type ChildProcess, fork } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { link, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  BucketUnderTest,
  bytesOf,
  clientOf,
  MiB,
  newBucket,
  refusal,
  temporaryFolder,
} from "../contract/embedded-aws/s3-support.ts";

const LARGE_OBJECT = 300 * MiB;
/** Generous: it only has to show that memory does not grow with the object. */
const MOST_GROWTH = 100 * MiB;
const KILLS = 8;
const WRITERS = 6;

describe("the embedded S3 in a process of its own", () => {
  let stateDir: string;
  let server: ChildProcess;
  let client: S3Client;
  let bucket: string;
  const s3 = new BucketUnderTest(() => ({ client, bucket }));

  async function start(): Promise<void> {
    server = fork(new URL("s3-process.ts", import.meta.url), [stateDir], { execArgv: [] });
    const { endpoint } = z.object({ endpoint: z.string() }).parse((await once(server, "message"))[0]);
    client = clientOf(endpoint);
  }

  async function kill(): Promise<void> {
    client.destroy();
    const exited = once(server, "exit");
    server.kill("SIGKILL");
    await exited;
  }

  async function peakBytes(): Promise<number> {
    const answer = once(server, "message");
    server.send("measure");
    return z.object({ peakBytes: z.number() }).parse((await answer)[0]).peakBytes;
  }

  const folderOf = (uploadId: string) => join(stateDir, "uploads", bucket, uploadId);
  const finishedPathOf = (uploadId: string) => join(stateDir, "finished", bucket, `${uploadId}.json`);

  /** Puts the upload's folder back to how it was just before the last step of Complete. */
  async function undoLastStep(key: string, uploadId: string): Promise<void> {
    await mkdir(folderOf(uploadId), { recursive: true });
    const upload = { key, createdMs: 0, headers: {} };
    await writeFile(join(folderOf(uploadId), "upload.json"), JSON.stringify(upload));
    await rename(finishedPathOf(uploadId), join(folderOf(uploadId), "commit.json"));
  }

  beforeEach(async () => {
    stateDir = await temporaryFolder();
    await start();
    bucket = await newBucket(client);
  });

  afterEach(async () => {
    await kill();
    await rm(stateDir, { recursive: true });
  });

  test("streams 300 MiB in, joins 300 MiB of parts, and streams 300 MiB out, in bounded memory", async () => {
    const piece = bytesOf("large", MiB);
    const idle = await peakBytes();
    const Body = Readable.from(Array.from({ length: LARGE_OBJECT / MiB }, () => piece));
    const large = { Bucket: bucket, Key: "large" };
    await client.send(new PutObjectCommand({ ...large, Body, ContentLength: LARGE_OBJECT }));
    const part = bytesOf("part", 30 * MiB);
    await s3.complete(
      await s3.upload(
        "joined",
        Array.from({ length: 10 }, () => part),
      ),
    );
    expect((await s3.head("joined")).ContentLength).toBe(LARGE_OBJECT);

    const { Body: body } = await client.send(new GetObjectCommand(large));
    if (!(body instanceof Readable)) throw new Error("The body should be a stream.");
    const received = createHash("md5");
    for await (const chunk of body) received.update(chunk);
    const expected = createHash("md5");
    for (let sent = 0; sent < LARGE_OBJECT; sent += MiB) expected.update(piece);
    expect(received.digest("hex")).toBe(expected.digest("hex"));
    expect((await peakBytes()) - idle).toBeLessThan(MOST_GROWTH);
  }, 120_000);

  test("still has objects, uploads, policy and lifecycle after kill -9", async () => {
    const Policy = JSON.stringify({
      Statement: { Effect: "Deny", Principal: "*", Action: "s3:PutObject", Resource: `arn:aws:s3:::${bucket}/no/*` },
    });
    const Rules = [{ ID: "old", Status: "Enabled" as const, Filter: { Prefix: "" }, Expiration: { Days: 9 } }];
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    await client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules } }),
    );
    const object = { Bucket: bucket, Key: "o", ContentType: "text/x-o", Metadata: { of: "me" } };
    const { ETag } = await client.send(new PutObjectCommand({ ...object, Body: "object" }));
    const unfinished = await s3.upload("unfinished", [bytesOf("1", 5 * MiB), Buffer.from("2")]);
    const finished = await s3.upload("finished", [Buffer.from("finished")]);
    const finishedEtag = await s3.complete(finished);

    await kill();
    await start();

    expect(await s3.head("o")).toMatchObject({ ETag, ContentType: "text/x-o", Metadata: { of: "me" } });
    expect((await s3.read("o")).toString()).toBe("object");
    const { Key, UploadId, Parts } = unfinished;
    const listed = await client.send(new ListPartsCommand({ Bucket: bucket, Key, UploadId }));
    expect(listed.Parts?.map(({ PartNumber, ETag: etag }) => ({ PartNumber, ETag: etag }))).toEqual(Parts);
    await s3.complete(unfinished);
    expect(await s3.complete(finished)).toBe(finishedEtag);
    expect((await client.send(new GetBucketPolicyCommand({ Bucket: bucket }))).Policy).toBe(Policy);
    expect(await refusal(s3.put("no/way", "x"))).toEqual({ status: 403, name: "AccessDenied" });
    const lifecycle = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
    expect(lifecycle.Rules?.[0]).toMatchObject(Rules[0] ?? {});
  });

  test(`loses and tears no object whose write was answered, in ${KILLS} kills among concurrent writers`, async () => {
    const answered = new Map<string, string>();
    for (let round = 0; round < KILLS; round += 1) {
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        for (let n = 0; ; n += 1) {
          const key = `sha256/${writer}/${round}-${n}`;
          const body = `${key} ${randomUUID()}`.repeat(2000);
          if (n % 2 === 0) await s3.put(key, body, "*");
          else await s3.complete(await s3.upload(key, [Buffer.from(body)]), { IfNoneMatch: "*" });
          answered.set(key, createHash("md5").update(body).digest("hex"));
        }
      });
      const all = Promise.allSettled(writers);
      while (answered.size < (round + 1) * WRITERS * 4) await new Promise((resolve) => setImmediate(resolve));
      await kill();
      await all;
      await start();
    }
    for (const [key, digest] of answered) {
      expect(
        createHash("md5")
          .update(await s3.read(key))
          .digest("hex"),
      ).toBe(digest);
    }
    const unfinished = (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [];
    expect(unfinished.filter(({ Key = "" }) => answered.has(Key))).toEqual([]);
    expect(await readdir(join(stateDir, "tmp"))).toEqual([]);
  }, 120_000);

  test("has the old version whole when killed between recording a new one and moving it into place", async () => {
    const version = (of: string) => ({ Bucket: bucket, Key: "replaced", Body: of, Metadata: { of } });
    const data = join(stateDir, "objects", bucket, "replaced");
    await client.send(new PutObjectCommand(version("old")));
    await link(data, `${stateDir}-old`);
    await client.send(new PutObjectCommand(version("new")));
    await kill();
    await rename(`${stateDir}-old`, data);
    await start();
    expect((await s3.head("replaced")).Metadata).toEqual({ of: "old" });
    expect((await s3.read("replaced")).toString()).toBe("old");
  });

  describe("when killed in the middle of a Complete", () => {
    test("after the object was published, finishes it: repeating it succeeds even under If-None-Match", async () => {
      const upload = await s3.upload("published", [Buffer.from("part")]);
      const etag = await s3.complete(upload, { IfNoneMatch: "*" });
      await kill();
      await undoLastStep("published", upload.UploadId);
      await start();
      expect((await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([]);
      expect(await s3.complete(upload, { IfNoneMatch: "*" })).toBe(etag);
    });

    test("before the object was published, keeps the upload whole, so that it can be completed", async () => {
      const upload = await s3.upload("unpublished", [Buffer.from("part")]);
      await writeFile(
        join(folderOf(upload.UploadId), "commit.json"),
        JSON.stringify({ key: "unpublished", identity: "none", etag: "none", parts: [] }),
      );
      await kill();
      await start();
      expect((await refusal(s3.head("unpublished"))).status).toBe(404);
      await s3.complete(upload, { IfNoneMatch: "*" });
      expect((await s3.read("unpublished")).toString()).toBe("part");
    });
  });
});
