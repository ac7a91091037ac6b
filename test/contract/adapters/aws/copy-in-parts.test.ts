/** Copies of objects that are too large for one CopyObject, on the embedded S3. */
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { s3Content } from "../../../../adapters/aws/s3/content.ts";
import { s3Staging } from "../../../../adapters/aws/s3/staging.ts";
import { OutOfTimeError } from "../../../../core/model/errors.ts";
import type { Content, StagedObject } from "../../../../core/ports/content.ts";
import { startEmbeddedS3 } from "../../../embedded-aws/s3/server.ts";
import { newBucket } from "../../embedded-aws/s3-support.ts";

const MIB = 2 ** 20;
const PART_BYTES = 5 * MIB;
const KEY = "sha256/ab/cd/abcd";
/** Ten parts, the last one of a single byte. */
const BODY = randomBytes(9 * PART_BYTES + 1);
const PARTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

const cleanup = new AsyncDisposableStack();
let client: S3Client;
let stagingBucket = "";
let contentBucket = "";
let content: Content;
let staged: StagedObject;
let copied: number[] = [];
let underWay = 0;
let mostUnderWay = 0;
let onCopied = (_partNumber: number): void => undefined;

beforeAll(async () => {
  const stateDir = await mkdtemp(join(tmpdir(), "fetchonce-copy-"));
  cleanup.defer(async () => rm(stateDir, { recursive: true }));
  const service = await startEmbeddedS3({ stateDir });
  cleanup.defer(async () => service.stop());
  client = new S3Client({
    endpoint: service.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  cleanup.defer(() => client.destroy());
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== "UploadPartCopyCommand") return next(args);
      const { PartNumber = 0 } = args.input as { PartNumber?: number };
      copied.push(PartNumber);
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      try {
        const answer = await next(args);
        onCopied(PartNumber);
        return answer;
      } finally {
        underWay -= 1;
      }
    },
    { step: "initialize" },
  );
});
afterAll(async () => cleanup.disposeAsync());
beforeEach(async () => {
  stagingBucket = await newBucket(client);
  contentBucket = await newBucket(client);
  content = s3Content(client, {
    staging: stagingBucket,
    content: contentBucket,
    largestSingleCopyBytes: PART_BYTES,
    copyPartBytes: PART_BYTES,
  });
  staged = await stage("staging/job/1");
  forget();
});

function forget(): void {
  copied = [];
  mostUnderWay = 0;
  onCopied = () => undefined;
}

const stage = async (key: string): Promise<StagedObject> => ({
  key,
  bytes: BODY.length,
  contentType: "image/png",
  ...(await s3Staging(client, stagingBucket).put(key, BODY, "image/png")),
});

/** Leaves an unfinished copy, cut every `partBytes` bytes, of which only some parts are there. */
async function unfinishedCopy(partNumbers: readonly number[], partBytes = PART_BYTES, key = KEY): Promise<void> {
  const target = { Bucket: contentBucket, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ContentType: "image/png" }));
  for (const PartNumber of partNumbers) {
    const start = (PartNumber - 1) * partBytes;
    const end = Math.min(start + partBytes, BODY.length) - 1;
    const CopySource = `${stagingBucket}/${staged.key}`;
    const part = { ...target, UploadId, PartNumber, CopySource, CopySourceRange: `bytes=${start}-${end}` };
    await client.send(new UploadPartCopyCommand(part));
  }
  forget();
}

const publish = async (from = staged, signal = new AbortController().signal) => content.publish(from, KEY, signal);

const unfinished = async (): Promise<number> =>
  (await client.send(new ListMultipartUploadsCommand({ Bucket: contentBucket }))).Uploads?.length ?? 0;

async function isWhole(): Promise<boolean> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: contentBucket, Key: KEY }));
  return BODY.equals((await Body?.transformToByteArray()) ?? new Uint8Array());
}

const ascending = (numbers: readonly number[]): readonly number[] => [...numbers].sort((a, b) => a - b);

describe("a copy in parts", () => {
  it("copies each part once, eight at a time", async () => {
    expect(await publish()).toBe("created");
    expect(ascending(copied)).toEqual(PARTS);
    expect(mostUnderWay).toBe(8);
    expect([await isWhole(), await unfinished()]).toEqual([true, 0]);
  });

  it("continues an unfinished copy of the same content, without the parts that are there", async () => {
    await unfinishedCopy([1, 3, 4, 10]);
    expect(await publish()).toBe("created");
    expect(ascending(copied)).toEqual([2, 5, 6, 7, 8, 9]);
    expect([await isWhole(), await unfinished()]).toEqual([true, 0]);
  });

  it("continues the copy of an object that was staged again under another name", async () => {
    await unfinishedCopy([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await publish(await stage("staging/job/2"))).toBe("created");
    expect(copied).toEqual([10]);
    expect(await isWhole()).toBe(true);
  });

  it("that ran out of time keeps its upload, and the next attempt ends it", async () => {
    const stop = new AbortController();
    const outOfTime = new OutOfTimeError();
    // Without its first part the upload would not be continued: nothing else shows how the copy was cut.
    onCopied = (partNumber) => {
      if (partNumber === 1) stop.abort(outOfTime);
    };
    await expect(publish(staged, stop.signal)).rejects.toBe(outOfTime);
    expect(await unfinished()).toBe(1);
    forget();
    expect(await publish()).toBe("created");
    expect(copied).not.toContain(1);
    expect([await isWhole(), await unfinished()]).toEqual([true, 0]);
  });

  it.each([
    ["was cut into parts of another size", [1, 2], 6 * MIB, KEY],
    ["lacks its first part, which would show how it was cut", [9, 10], PART_BYTES, KEY],
    ["has no part", [], PART_BYTES, KEY],
    ["is of a key that only begins like this one", [1, 2], PART_BYTES, `${KEY}0`],
  ])("starts over beside an unfinished copy that %s", async (_what, partNumbers, partBytes, key) => {
    await unfinishedCopy(partNumbers, partBytes, key);
    expect(await publish()).toBe("created");
    expect(ascending(copied)).toEqual(PARTS);
    expect([await isWhole(), await unfinished()]).toEqual([true, 1]);
  });

  it("passes over a copy that it cannot continue to a younger one that it can", async () => {
    await unfinishedCopy([1], 6 * MIB);
    await unfinishedCopy([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await publish()).toBe("created");
    expect(ascending(copied)).toEqual([9, 10]);
    expect(await isWhole()).toBe(true);
  });

  it("of two attempts that continue the same upload creates one object", async () => {
    await unfinishedCopy([1, 2, 3, 4, 5]);
    const outcomes = await Promise.all([publish(), publish(await stage("staging/other/1"))]);
    expect(outcomes.sort()).toEqual(["created", "exists"]);
    expect([await isWhole(), await unfinished()]).toEqual([true, 0]);
  });
});
