import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { OutOfTimeError, StagedObjectGoneError } from "../../../../core/model/errors.ts";
import type { StagedObject } from "../../../../core/ports/content.ts";
import type { BlobsBackend, Buckets } from "./backends.ts";
import { contentBackends } from "./blobs-backends.ts";

const KEY = "sha256/ab/cd/abcd";
const TYPE = "image/png";
const unstopped = () => new AbortController().signal;

describe.each(Object.entries(contentBackends))("Content on %s", (_name, start) => {
  let backend: BlobsBackend;
  let buckets: Buckets;
  let body: Buffer;
  let staged: StagedObject;

  beforeAll(async () => {
    backend = await start();
  });
  afterAll(async () => backend[Symbol.asyncDispose]());
  beforeEach(async () => {
    buckets = await backend.emptyBuckets();
    body = randomBytes(2 * backend.partBytes + 1);
    staged = await stage("staging/job with spaces & ü/1", body);
  });

  const stage = async (key: string, bytes: Buffer): Promise<StagedObject> => ({
    key,
    bytes: bytes.length,
    contentType: TYPE,
    ...(await buckets.staging.put(key, bytes, "application/octet-stream")),
  });
  /** Files keep no type: the job's record has it. */
  const whole = () => ({ isWhole: true, contentType: backend.isS3 ? TYPE : undefined });
  const published = async (key = KEY) => {
    const object = await buckets.readContent(key);
    return object && { isWhole: object.body.equals(body), contentType: object.contentType };
  };

  it("publishes a staged object complete, under the given content type", async () => {
    expect(await buckets.content.head(KEY)).toBeUndefined();
    expect(await buckets.content.publish(staged, KEY, unstopped())).toBe("created");
    expect(await buckets.content.head(KEY)).toMatchObject({ bytes: body.length });
    expect(await published()).toEqual(whole());
    expect(await buckets.contentUploads()).toBe(0);
  });

  it("publishes on S3 under the coding and the metadata that are given", async () => {
    if (!backend.isS3 || backend.partBytes === 8) return;
    const metadata = { "final-url": "https://origin.example/a%20b", "origin-etag": '"v1"' };
    await buckets.content.publish({ ...staged, contentEncoding: "gzip", metadata }, KEY, unstopped());
    expect(await buckets.readContent(KEY)).toMatchObject({ contentEncoding: "gzip", metadata, contentType: TYPE });
  });

  it("publishes an empty object", async () => {
    const empty = await stage("staging/empty/1", Buffer.alloc(0));
    expect(await buckets.content.publish(empty, KEY, unstopped())).toBe("created");
    expect(await buckets.content.head(KEY)).toMatchObject({ bytes: 0 });
  });

  it("does not remove the staged object that it publishes", async () => {
    await buckets.content.publish(staged, KEY, unstopped());
    expect(await buckets.staging.head(staged.key)).toEqual({ bytes: body.length, etag: staged.etag });
  });

  it("never overwrites an existing object, and leaves no upload behind", async () => {
    await buckets.content.publish(staged, KEY, unstopped());
    const other = await stage("staging/other/1", randomBytes(body.length));
    expect(await buckets.content.publish(other, KEY, unstopped())).toBe("exists");
    expect(await buckets.content.publish(staged, KEY, unstopped())).toBe("exists");
    expect(await published()).toEqual(whole());
    expect(await buckets.contentUploads()).toBe(0);
  });

  it("does not publish a staged object that was deleted", async () => {
    await buckets.staging.delete(staged.key);
    await expect(buckets.content.publish(staged, KEY, unstopped())).rejects.toThrow(StagedObjectGoneError);
    expect(await buckets.content.head(KEY)).toBeUndefined();
    expect(await buckets.contentUploads()).toBe(0);
  });

  it("does not publish a staged object that was replaced", async () => {
    await buckets.staging.put(staged.key, randomBytes(body.length), TYPE);
    await expect(buckets.content.publish(staged, KEY, unstopped())).rejects.toThrow(StagedObjectGoneError);
    expect(await buckets.content.head(KEY)).toBeUndefined();
    expect(await buckets.contentUploads()).toBe(0);
  });

  it("reports an existing object even if the staged object was replaced", async () => {
    await buckets.content.publish(staged, KEY, unstopped());
    await buckets.staging.put(staged.key, randomBytes(body.length), TYPE);
    expect(await buckets.content.publish(staged, KEY, unstopped())).toBe("exists");
    expect(await published()).toEqual(whole());
  });

  it("throws the reason of a signal that is aborted, and creates nothing", async () => {
    const outOfTime = new OutOfTimeError();
    const publishing = buckets.content.publish(staged, KEY, AbortSignal.abort(outOfTime));
    await expect(publishing).rejects.toBe(outOfTime);
    expect(await buckets.content.head(KEY)).toBeUndefined();
    expect(await buckets.contentUploads()).toBe(0);
  });

  it("creates the object once if twenty callers publish it at the same time", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async () => buckets.content.publish(staged, KEY, unstopped())),
    );
    expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "exists")).toHaveLength(19);
    expect(await published()).toEqual(whole());
    expect(await buckets.contentUploads()).toBe(0);
  });
});
