import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe } from "vitest";
import { startEmbeddedS3 } from "../../embedded-aws/s3/server.ts";

export const MiB = 1024 ** 2;

export function clientOf(endpoint: string, more: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint,
    forcePathStyle: true,
    region: process.env["AWS_REGION"] ?? "us-east-1",
    credentials: {
      accessKeyId: process.env["AWS_ACCESS_KEY_ID"] ?? "local",
      secretAccessKey: process.env["AWS_SECRET_ACCESS_KEY"] ?? "local",
    },
    maxAttempts: 1,
    ...more,
  });
}

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "embedded-s3-"));
}

interface Running {
  readonly client: S3Client;
  readonly bucket: string;
  stop(): Promise<void>;
}

async function startEmbedded(): Promise<Running> {
  const stateDir = await temporaryFolder();
  const server = await startEmbeddedS3({ stateDir });
  const client = clientOf(server.endpoint);
  const bucket = await newBucket(client);
  return {
    client,
    bucket,
    async stop() {
      client.destroy();
      await server.stop();
      await rm(stateDir, { recursive: true });
    },
  };
}

async function useExternal(at: string): Promise<Running> {
  const client = clientOf(at);
  const bucket = await newBucket(client);
  return {
    client,
    bucket,
    async stop() {
      await removeBucket(client, bucket);
      client.destroy();
    },
  };
}

const externalEndpoint = process.env["AWS_ENDPOINT_URL"];
const backends: readonly (readonly [string, () => Promise<Running>])[] = [
  ["the embedded S3", startEmbedded],
  ...(externalEndpoint === undefined ? [] : [[externalEndpoint, () => useExternal(externalEndpoint)] as const]),
];

/** Runs the suite against the embedded S3 and, if it is set, against AWS_ENDPOINT_URL, in a new bucket each. */
export function onEachS3(suite: (s3: BucketUnderTest) => void): void {
  describe.each(backends)("%s", (_name, start) => {
    let running: Running | undefined;
    beforeAll(async () => {
      running = await start();
    });
    afterAll(async () => {
      await running?.stop();
    });
    suite(
      new BucketUnderTest(() => {
        if (running === undefined) throw new Error("The S3 under test has not been started.");
        return running;
      }),
    );
  });
}

export async function newBucket(client: S3Client): Promise<string> {
  const Bucket = `contract-${randomBytes(8).toString("hex")}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

export async function removeBucket(client: S3Client, Bucket: string): Promise<void> {
  await client.send(new DeleteBucketPolicyCommand({ Bucket }));
  const uploads = (await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];
  for (const { Key, UploadId } of uploads)
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  const objects = (await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? [];
  const Objects = objects.map(({ Key }) => ({ Key }));
  if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  await client.send(new DeleteBucketCommand({ Bucket }));
}

/** One bucket, with the requests that most tests need. */
export class BucketUnderTest {
  readonly #running: () => { readonly client: S3Client; readonly bucket: string };

  constructor(running: () => { readonly client: S3Client; readonly bucket: string }) {
    this.#running = running;
  }

  get client(): S3Client {
    return this.#running().client;
  }

  get Bucket(): string {
    return this.#running().bucket;
  }

  async put(Key: string, Body: Uint8Array | string, IfNoneMatch?: "*"): Promise<string> {
    const { ETag = "" } = await this.client.send(new PutObjectCommand({ ...this.#named(Key), Body, IfNoneMatch }));
    return ETag;
  }

  async copy(from: string, Key: string, IfNoneMatch?: "*"): Promise<string> {
    const CopySource = `${this.Bucket}/${from}`;
    const copied = await this.client.send(new CopyObjectCommand({ ...this.#named(Key), CopySource, IfNoneMatch }));
    return copied.CopyObjectResult?.ETag ?? "";
  }

  async upload(Key: string, bodies: readonly Uint8Array[]): Promise<Uploaded> {
    const named = this.#named(Key);
    const { UploadId = "" } = await this.client.send(new CreateMultipartUploadCommand(named));
    const Parts: Uploaded["Parts"] = [];
    for (const [index, Body] of bodies.entries()) {
      const part = { ...named, UploadId, PartNumber: index + 1, Body };
      const { ETag = "" } = await this.client.send(new UploadPartCommand(part));
      Parts.push({ PartNumber: part.PartNumber, ETag });
    }
    return { Key, UploadId, Parts };
  }

  async complete({ Key, UploadId, Parts }: Uploaded, conditions: CompleteConditions = {}): Promise<string> {
    const upload = { ...this.#named(Key), UploadId, MultipartUpload: { Parts } };
    const { ETag = "" } = await this.client.send(new CompleteMultipartUploadCommand({ ...upload, ...conditions }));
    return ETag;
  }

  head(Key: string): Promise<HeadObjectCommandOutput> {
    return this.client.send(new HeadObjectCommand(this.#named(Key)));
  }

  async read(Key: string): Promise<Buffer> {
    const { Body } = await this.client.send(new GetObjectCommand(this.#named(Key)));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  async remove(Key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.#named(Key)));
  }

  #named(Key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.Bucket, Key };
  }
}

export interface Uploaded {
  readonly Key: string;
  readonly UploadId: string;
  readonly Parts: { PartNumber: number; ETag: string }[];
}

interface CompleteConditions {
  readonly IfNoneMatch?: "*";
  readonly MpuObjectSize?: number;
}

/** @returns `length` bytes that depend on the seed only. */
export function bytesOf(seed: string, length: number): Buffer {
  const block = createHash("sha512").update(seed).digest();
  return Buffer.alloc(length, block);
}

export function md5(bytes: Uint8Array | string): string {
  return createHash("md5").update(bytes).digest("hex");
}

export function multipartEtag(parts: readonly Uint8Array[]): string {
  const digests = parts.map((part) => Buffer.from(md5(part), "hex"));
  return `"${md5(Buffer.concat(digests))}-${parts.length}"`;
}

/**
 * @returns the status and the error code of a refused request.
 * @throws Error if the request succeeds.
 */
export async function refusal(promise: Promise<unknown>): Promise<{ status: number | undefined; name: string }> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata = "$metadata" in error ? error.$metadata : undefined;
    const status =
      typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata
        ? Number(metadata.httpStatusCode)
        : undefined;
    return { status, name: error.name };
  }
  throw new Error("The request was expected to be refused, and succeeded.");
}
