/** What fetchonce needs of S3, checked with a plain client on the embedded S3 and, if set, at AWS_ENDPOINT_URL. */
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, test } from "vitest";
import { bytesOf, md5, MiB, onEachS3, refusal } from "./s3-support.ts";

const WRITERS = 20;
const refusedPrecondition = { status: 412, name: "PreconditionFailed" };

onEachS3((s3) => {
  describe("buckets", () => {
    test("creating a bucket again as its owner succeeds and keeps its objects", async () => {
      await s3.put("bucket/kept", "kept");
      await s3.client.send(new CreateBucketCommand({ Bucket: s3.Bucket }));
      expect((await s3.read("bucket/kept")).toString()).toBe("kept");
      const names = (await s3.client.send(new ListBucketsCommand())).Buckets?.map(({ Name }) => Name);
      expect(names).toContain(s3.Bucket);
    });

    test("a write to a missing bucket is refused with NoSuchBucket", async () => {
      const missing = new PutObjectCommand({ Bucket: `${s3.Bucket}-missing`, Key: "k", Body: "x" });
      expect(await refusal(s3.client.send(missing))).toEqual({ status: 404, name: "NoSuchBucket" });
    });

    test("a lifecycle configuration is returned as it was put", async () => {
      const Rules = [
        {
          ID: "abort",
          Status: "Enabled" as const,
          Filter: { Prefix: "" },
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
        },
      ];
      await s3.client.send(
        new PutBucketLifecycleConfigurationCommand({ Bucket: s3.Bucket, LifecycleConfiguration: { Rules } }),
      );
      const stored = await s3.client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: s3.Bucket }));
      expect(stored.Rules?.[0]).toMatchObject(Rules[0] ?? {});
    });
  });

  describe("objects", () => {
    test.each([
      ["empty", Buffer.alloc(0)],
      ["of one byte", Buffer.from("x")],
      ["of 3 MiB and a byte, longer than any buffer on the way", bytesOf("long", 3 * MiB + 1)],
    ])("an object %s is returned with its bytes, ETag, type and metadata", async (name, Body) => {
      const Key = `objects/${name}`;
      const given = { ContentType: "text/x-test", CacheControl: "no-store", Metadata: { origin: "here" } };
      const { ETag } = await s3.client.send(new PutObjectCommand({ Bucket: s3.Bucket, Key, Body, ...given }));
      expect(ETag).toBe(`"${md5(Body)}"`);
      expect(await s3.read(Key)).toEqual(Body);
      expect(await s3.head(Key)).toMatchObject({ ...given, ETag, ContentLength: Body.length });
    });

    test("a stream, sent aws-chunked with a trailing checksum, is stored without the chunking", async () => {
      const Body = bytesOf("stream", 300_007);
      const pieces = Readable.from([Body.subarray(0, 100_000), Body.subarray(100_000)]);
      const stream = { Bucket: s3.Bucket, Key: "objects/stream", Body: pieces, ContentLength: Body.length };
      expect((await s3.client.send(new PutObjectCommand(stream))).ETag).toBe(`"${md5(Body)}"`);
      expect(await s3.read("objects/stream")).toEqual(Body);
      expect((await s3.head("objects/stream")).ContentEncoding).toBeUndefined();
    });

    test("a body that does not match its CRC32 is refused and not stored", async () => {
      const wrong = new PutObjectCommand({
        Bucket: s3.Bucket,
        Key: "objects/wrong",
        Body: "body",
        ChecksumCRC32: "AAAAAA==",
      });
      expect(await refusal(s3.client.send(wrong))).toEqual({ status: 400, name: "BadDigest" });
      expect(await refusal(s3.head("objects/wrong"))).toEqual({ status: 404, name: "NotFound" });
    });

    test("a read of a missing key is refused with NoSuchKey", async () => {
      const missing = s3.client.send(new GetObjectCommand({ Bucket: s3.Bucket, Key: "objects/missing" }));
      expect(await refusal(missing)).toEqual({ status: 404, name: "NoSuchKey" });
    });

    test.each([
      { Range: "bytes=0-0", text: "0", ContentRange: "bytes 0-0/10" },
      { Range: "bytes=3-5", text: "345", ContentRange: "bytes 3-5/10" },
      { Range: "bytes=7-", text: "789", ContentRange: "bytes 7-9/10" },
      { Range: "bytes=-2", text: "89", ContentRange: "bytes 8-9/10" },
      { Range: "bytes=8-99", text: "89", ContentRange: "bytes 8-9/10" },
    ])("the range $Range of ten digits is $text", async ({ Range, text, ContentRange }) => {
      await s3.put("objects/range", "0123456789");
      const found = await s3.client.send(new GetObjectCommand({ Bucket: s3.Bucket, Key: "objects/range", Range }));
      expect(await found.Body?.transformToString()).toBe(text);
      expect(found).toMatchObject({ ContentRange, ContentLength: text.length });
    });

    test("a range beyond the end is refused with 416", async () => {
      await s3.put("objects/range", "0123456789");
      const behind = s3.client.send(
        new GetObjectCommand({ Bucket: s3.Bucket, Key: "objects/range", Range: "bytes=10-" }),
      );
      expect(await refusal(behind)).toEqual({ status: 416, name: "InvalidRange" });
    });

    test("If-Match reads only the version it names", async () => {
      const ETag = await s3.put("objects/if-match", "one");
      const read = () =>
        s3.client.send(new GetObjectCommand({ Bucket: s3.Bucket, Key: "objects/if-match", IfMatch: ETag }));
      expect(await (await read()).Body?.transformToString()).toBe("one");
      await s3.put("objects/if-match", "two");
      expect(await refusal(read())).toEqual(refusedPrecondition);
    });

    test("deleting is idempotent, for one key and for several at once", async () => {
      await s3.put("delete/one", "1");
      await s3.put("delete/two", "2");
      await s3.remove("delete/one");
      await s3.remove("delete/one");
      const Objects = [{ Key: "delete/one" }, { Key: "delete/two" }];
      const { Deleted, Errors } = await s3.client.send(
        new DeleteObjectsCommand({ Bucket: s3.Bucket, Delete: { Objects } }),
      );
      expect(Deleted?.map(({ Key }) => Key).sort()).toEqual(["delete/one", "delete/two"]);
      expect(Errors ?? []).toEqual([]);
      expect((await refusal(s3.head("delete/two"))).status).toBe(404);
    });
  });

  describe("conditional writes", () => {
    beforeAll(async () => {
      await s3.put("conditional/source", "source");
    });

    const writes = [
      { by: "PutObject", write: (key: string, n: number) => s3.put(key, `writer ${n}`, "*") },
      { by: "CopyObject", write: (key: string) => s3.copy("conditional/source", key, "*") },
      {
        by: "CompleteMultipartUpload",
        write: async (key: string, n: number) =>
          s3.complete(await s3.upload(key, [Buffer.from(`writer ${n}`)]), { IfNoneMatch: "*" }),
      },
    ] as const;

    test.each(writes)("$by with If-None-Match creates a free key, and answers 412 for a taken one", async (each) => {
      const key = `conditional/twice-${each.by}`;
      await each.write(key, 1);
      const { ETag } = await s3.head(key);
      expect(await refusal(each.write(key, 2))).toEqual(refusedPrecondition);
      expect((await s3.head(key)).ETag).toBe(ETag);
      await s3.remove(key);
      await each.write(key, 3);
    });

    test.each(writes)(`exactly one of ${WRITERS} concurrent $by writers wins`, async (each) => {
      const key = `conditional/race-${each.by}`;
      const outcomes = await Promise.allSettled(Array.from({ length: WRITERS }, (_, n) => each.write(key, n)));
      const winners = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      expect(winners).toHaveLength(1);
      const losers = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
      // S3 may also answer 409 to a writer while the race is undecided.
      for (const error of losers) expect(["PreconditionFailed", "ConditionalRequestConflict"]).toContain(error.name);
      expect((await s3.head(key)).ETag).toBe(winners[0]);
    });

    test("If-Match replaces only the version it names", async () => {
      const Key = "conditional/if-match";
      const ETag = await s3.put(Key, "one");
      const replace = (Body: string) =>
        s3.client.send(new PutObjectCommand({ Bucket: s3.Bucket, Key, Body, IfMatch: ETag }));
      await replace("two");
      expect(await refusal(replace("three"))).toEqual(refusedPrecondition);
      expect((await s3.read(Key)).toString()).toBe("two");
    });

    test("a copy is refused if its source is another version than x-amz-copy-source-if-match names", async () => {
      const ETag = await s3.put("conditional/source-version", "one");
      const CopySource = `${s3.Bucket}/conditional/source-version`;
      const Key = "conditional/copied";
      const copyIfMatch = () =>
        s3.client.send(new CopyObjectCommand({ Bucket: s3.Bucket, Key, CopySource, CopySourceIfMatch: ETag }));
      await copyIfMatch();
      await s3.put("conditional/source-version", "two");
      expect(await refusal(copyIfMatch())).toEqual(refusedPrecondition);
      expect((await s3.read(Key)).toString()).toBe("one");
    });
  });

  describe("copies", () => {
    test("a copy keeps or replaces the metadata, and survives the deletion of its source", async () => {
      const source = {
        Bucket: s3.Bucket,
        Key: "copies/source",
        Body: "body",
        ContentType: "text/x-a",
        Metadata: { of: "a" },
      };
      await s3.client.send(new PutObjectCommand(source));
      const CopySource = `${s3.Bucket}/copies/source`;
      await s3.client.send(new CopyObjectCommand({ Bucket: s3.Bucket, Key: "copies/kept", CopySource }));
      const replaced = { ContentType: "text/x-b", Metadata: { of: "b" }, MetadataDirective: "REPLACE" as const };
      await s3.client.send(
        new CopyObjectCommand({ Bucket: s3.Bucket, Key: "copies/replaced", CopySource, ...replaced }),
      );
      await s3.remove("copies/source");
      expect(await s3.head("copies/kept")).toMatchObject({ ContentType: "text/x-a", Metadata: { of: "a" } });
      expect(await s3.head("copies/replaced")).toMatchObject({ ContentType: "text/x-b", Metadata: { of: "b" } });
      expect((await s3.read("copies/kept")).toString()).toBe("body");
    });

    test("a copy of a missing key is refused with NoSuchKey", async () => {
      expect(await refusal(s3.copy("copies/missing", "copies/x"))).toEqual({ status: 404, name: "NoSuchKey" });
    });
  });
});
