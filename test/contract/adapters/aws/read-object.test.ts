/** Reading an object of the embedded S3, through connections that break. */
import { CreateBucketCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readObject } from "../../../../adapters/aws/s3/read-object.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";
import { startEmbeddedS3 } from "../../../embedded-aws/s3/server.ts";
import { clientOf } from "../../embedded-aws/s3-support.ts";

const PLACE = { bucket: "lists", key: "a list.csv" };
const CONTENT = randomBytes(3_000_000);

let cleanup: AsyncDisposableStack;
let direct: S3Client;
/** Its connections break after so many bytes of answers each. */
let broken: S3Client;
let bytesAConnection = Infinity;
let connections = 0;

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  const stateDir = await mkdtemp(join(tmpdir(), "read-object-"));
  cleanup.defer(async () => rm(stateDir, { recursive: true }));
  const s3 = await startEmbeddedS3({ stateDir });
  cleanup.defer(s3.stop);
  direct = clientOf(s3.endpoint);
  const proxy = breakingProxy(Number(new URL(s3.endpoint).port));
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  cleanup.defer(() => void proxy.close());
  broken = clientOf(loopbackEndpoint(proxy));
  cleanup.defer(() => [direct, broken].forEach((client) => client.destroy()));
  connections = 0;
  await direct.send(new CreateBucketCommand({ Bucket: PLACE.bucket }));
  await put(CONTENT);
});
afterEach(async () => cleanup.disposeAsync());

function breakingProxy(port: number): Server {
  return createServer((near) => {
    connections += 1;
    let left = bytesAConnection;
    const far = connect(port, "127.0.0.1");
    near.pipe(far);
    far.on("data", (data: Buffer) => {
      near.write(data.subarray(0, left));
      left -= data.length;
      if (left <= 0) near.end();
    });
    for (const socket of [near, far])
      socket.on("error", () => undefined).on("close", () => [near, far].forEach((s) => s.destroy()));
  });
}

const put = async (Body: Buffer): Promise<unknown> =>
  direct.send(new PutObjectCommand({ Bucket: PLACE.bucket, Key: PLACE.key, Body }));

async function read(onChunk: () => Promise<unknown> = async () => undefined, place = PLACE): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readObject(broken, place, async () => undefined)) {
    chunks.push(chunk);
    await onChunk();
  }
  return Buffer.concat(chunks);
}

it.each([Infinity, 1_000_000, 400_000])("all bytes come, though each connection breaks after %d", async (bytes) => {
  bytesAConnection = bytes;
  expect((await read()).equals(CONTENT)).toBe(true);
  expect(connections).toBeGreaterThanOrEqual(Math.ceil(CONTENT.length / bytes));
});

it("an empty object has no bytes", async () => {
  bytesAConnection = Infinity;
  await put(Buffer.alloc(0));
  expect(await read()).toHaveLength(0);
});

it("the bytes of two versions never mix", async () => {
  bytesAConnection = 1_000_000;
  let isReplaced = false;
  const replace = async (): Promise<void> => {
    if (!isReplaced) await put(randomBytes(CONTENT.length));
    isReplaced = true;
  };
  await expect(read(replace)).rejects.toThrow("it was replaced while it was read");
});

it("the reading is given up if no connection brings a byte, and at once if there is no such object", async () => {
  bytesAConnection = 1;
  await expect(read()).rejects.toThrow(expect.objectContaining({ name: "UnreadableObjectError" }));
  expect(connections).toBeGreaterThan(3);
  bytesAConnection = Infinity;
  connections = 0;
  await expect(read(undefined, { ...PLACE, key: "none" })).rejects.toThrow("NoSuchKey");
  expect(connections).toBe(1);
});
