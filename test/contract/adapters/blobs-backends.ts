import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { s3Content } from "../../../adapters/s3-content.ts";
import { s3Staging } from "../../../adapters/s3-staging.ts";
import type { Content, Staging } from "../../../core/ports.ts";
import { startEmbeddedS3 } from "../../../local/s3/server.ts";
import { simulatedBlobs } from "../../simulation/blobs.ts";
import { simulatedClock } from "../../simulation/world.ts";

interface StoredObject {
  readonly body: Buffer;
  readonly contentType: string | undefined;
}

/** Two empty buckets behind their ports, and a look at them past the ports. */
export interface Buckets {
  readonly staging: Staging;
  readonly content: Content;
  readonly readStaged: (key: string) => Promise<StoredObject | undefined>;
  readonly readContent: (key: string) => Promise<StoredObject | undefined>;
  /** Unfinished uploads into the content bucket. */
  readonly contentUploads: () => Promise<number>;
}

export interface BlobsBackend extends AsyncDisposable {
  /** The least size of all parts but the last. */
  readonly partBytes: number;
  readonly emptyBuckets: () => Promise<Buckets>;
}

const MIB = 2 ** 20;

export const blobsBackends: Readonly<Record<string, () => Promise<BlobsBackend>>> = {
  "simulated buckets": async () => simulatedBackend(),
  "the embedded S3": async () => embeddedBackend({}),
};

/** A content bucket is also tried with objects too large for one copy. */
export const contentBackends: typeof blobsBackends = {
  ...blobsBackends,
  "the embedded S3, copying in parts": async () =>
    embeddedBackend({ largestSingleCopyBytes: 5 * MIB, copyPartBytes: 5 * MIB }),
};

function simulatedBackend(): BlobsBackend {
  return {
    partBytes: 8,
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

async function embeddedBackend(copying: {
  largestSingleCopyBytes?: number;
  copyPartBytes?: number;
}): Promise<BlobsBackend> {
  const stateDir = await mkdtemp(join(tmpdir(), "fetchonce-blobs-"));
  const service = await startEmbeddedS3({ stateDir });
  const client = new S3Client({
    endpoint: service.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  let made = 0;
  return {
    partBytes: 5 * MIB,
    async emptyBuckets() {
      made += 1;
      const [staging, content] = [`staging-${made}`, `content-${made}`];
      for (const Bucket of [staging, content]) await client.send(new CreateBucketCommand({ Bucket }));
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
      client.destroy();
      await service.stop();
      await rm(stateDir, { recursive: true });
    },
  };
}

async function readObject(client: S3Client, Bucket: string, Key: string): Promise<StoredObject | undefined> {
  try {
    const { Body, ContentType } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return { body: Buffer.from((await Body?.transformToByteArray()) ?? []), contentType: ContentType };
  } catch (error) {
    if ((error as S3ServiceException).name === "NoSuchKey") return undefined;
    throw error;
  }
}
