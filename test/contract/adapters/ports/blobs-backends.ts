import { GetObjectCommand, ListMultipartUploadsCommand, S3Client, type S3ServiceException } from "@aws-sdk/client-s3";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { s3Content } from "../../../../adapters/aws/s3/content.ts";
import { s3Staging } from "../../../../adapters/aws/s3/staging.ts";
import { startEmbeddedS3 } from "../../../embedded-aws/s3/server.ts";
import { newBucket, removeBucket } from "../../embedded-aws/s3-support.ts";
import type { BlobsBackend, StoredObject } from "./backends.ts";
import { filesBackend } from "./local-backends.ts";
import { simulatedBlobs } from "../../../simulation/services/blobs.ts";
import { simulatedClock } from "../../../simulation/world.ts";

const MIB = 2 ** 20;

const external = process.env["AWS_ENDPOINT_URL"];

/** Every implementation that this machine can run, and the one at AWS_ENDPOINT_URL if it is set. */
export const blobsBackends: Readonly<Record<string, () => Promise<BlobsBackend>>> = {
  "simulated buckets": async () => simulatedBackend(),
  "the embedded S3": async () => embeddedBackend({}),
  files: filesBackend,
  ...(external !== undefined && { [external]: async () => s3Backend(external, removeBuckets) }),
};

/** The content tests also run with objects that are too large for a single copy. */
export const contentBackends: typeof blobsBackends = {
  ...blobsBackends,
  "the embedded S3, copying in parts": async () =>
    embeddedBackend({ largestSingleCopyBytes: 5 * MIB, copyPartBytes: 5 * MIB }),
};

function simulatedBackend(): BlobsBackend {
  return {
    partBytes: 8,
    isS3: true,
    async emptyBuckets() {
      const { staging, content, stagedObjects, contentObjects } = simulatedBlobs(simulatedClock());
      return {
        staging,
        content,
        readStaged: async (key) => stagedObjects.get(key),
        readContent: async (key) => contentObjects.get(key),
        contentUploads: async () => 0,
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

interface Copying {
  readonly largestSingleCopyBytes?: number;
  readonly copyPartBytes?: number;
}

async function embeddedBackend(copying: Copying): Promise<BlobsBackend> {
  const stateDir = await mkdtemp(join(tmpdir(), "fetchonce-blobs-"));
  const service = await startEmbeddedS3({ stateDir });
  const stop = async (): Promise<void> => {
    await service.stop();
    await rm(stateDir, { recursive: true });
  };
  return s3Backend(service.endpoint, stop, copying);
}

type Stop = (client: S3Client, buckets: readonly string[]) => Promise<void>;

async function removeBuckets(client: S3Client, buckets: readonly string[]): Promise<void> {
  for (const bucket of buckets) await removeBucket(client, bucket);
}

function s3Backend(endpoint: string, stop: Stop, copying: Copying = {}): BlobsBackend {
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const made: string[] = [];
  return {
    partBytes: 5 * MIB,
    isS3: true,
    async emptyBuckets() {
      const [staging, content] = [await newBucket(client), await newBucket(client)];
      made.push(staging, content);
      return {
        staging: s3Staging(client, staging),
        content: s3Content(client, { staging, content, ...copying }),
        readStaged: async (key) => readObject(client, staging, key),
        readContent: async (key) => readObject(client, content, key),
        async contentUploads() {
          const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: content }));
          return Uploads.length;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await stop(client, made);
      client.destroy();
    },
  };
}

async function readObject(client: S3Client, Bucket: string, Key: string): Promise<StoredObject | undefined> {
  try {
    const { Body, ContentEncoding, ContentType, Metadata } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return {
      body: Buffer.from((await Body?.transformToByteArray()) ?? []),
      contentType: ContentType,
      contentEncoding: ContentEncoding,
      metadata: Metadata,
    };
  } catch (error) {
    if ((error as S3ServiceException).name === "NoSuchKey") return undefined;
    throw error;
  }
}
