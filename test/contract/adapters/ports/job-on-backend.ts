/** A job on one table, and the protocol's writes that the tests make on it. */
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { jobIdOf, jobItemKey, watchShards } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { takeLease, type Lease, type OperationEntry } from "../../../../core/model/protocol.ts";
import { decodeJob } from "../../../../core/model/record-codec.ts";
import type { Checkpoint, JobRecord } from "../../../../core/model/record.ts";
import type { Item, Write, WriteResult } from "../../../../core/model/write.ts";
import type { ItemsBackend } from "./backends.ts";

export const START_MS = 1_800_000_000_000;
export const TTL_MS = 120_000;
export const GRACE_MS = 60_000;
export const TROUBLE = { reason: "origin_timeout", failureClass: "origin" } as const;
export const CHECKPOINT: Checkpoint = {
  stagedBy: "1",
  uploadId: "upload",
  validator: '"v1"',
  totalBytes: 100,
  offset: 50,
  hashState: "c3RhdGU=",
  partsDigest: "d1",
  contentType: "text/plain",
};

export const started = (type: OperationEntry["type"], { fence }: Lease): OperationEntry => ({
  type,
  record: { key: `key-of-${type}`, status: "STARTED", fence, atMs: START_MS },
});
export const done = (type: OperationEntry["type"], { fence }: Lease): OperationEntry => ({
  type,
  record: { key: `key-of-${type}`, status: "DONE", fence, atMs: START_MS + 1, result: { bytes: 100, outcome: "ok" } },
});

interface JobOnBackend {
  /** Names the job of the test that runs. */
  readonly message: () => JobMessage;
  readonly jobId: () => string;
  readonly read: (key: string) => Promise<Item | undefined>;
  /** The job's item, or an empty one. */
  readonly stored: () => Promise<Item>;
  readonly job: () => Promise<JobRecord>;
  readonly attempt: (write: Write) => Promise<WriteResult>;
  /** Makes a write that must be applied. */
  readonly write: (write: Write) => Promise<void>;
  readonly lease: (owner: string, nowMs?: number) => Promise<WriteResult>;
  /** Takes a lease that must be free. */
  readonly holdBy: (owner: string, nowMs?: number) => Promise<Lease>;
  /** The time from which on the reconciler looks at the job, if that is before `beforeMs`. */
  readonly watchedAt: (beforeMs?: number) => Promise<number | undefined>;
}

/** Starts the backend for the tests of the suite that calls this, and gives each test a job of its own. */
export function jobOnBackend(start: () => Promise<ItemsBackend>): JobOnBackend {
  let backend: ItemsBackend;
  let message: JobMessage;
  let jobs = 0;

  beforeAll(async () => {
    backend = await start();
  });
  afterAll(async () => backend[Symbol.asyncDispose]());
  beforeEach(() => {
    jobs += 1;
    message = { work_id: "work", artifact_id: `artifact-${jobs}`, url: "https://origin.example/file", sha256: "ab" };
  });

  const jobId = () => jobIdOf(message);
  const read = async (key: string) => backend.items.read(key);
  const stored = async () => (await read(jobItemKey(jobId()))) ?? {};
  const attempt = async (write: Write) => backend.items.write(write);
  const lease = async (owner: string, nowMs = START_MS) =>
    attempt(
      takeLease({
        jobId: jobId(),
        message,
        owner,
        nowMs,
        ttlMs: TTL_MS,
        headKey: "key-of-HEAD",
        watchShards: 64,
      }),
    );
  return {
    message: () => message,
    jobId,
    read,
    stored,
    job: async () => decodeJob(await stored()),
    attempt,
    async write(write) {
      expect((await attempt(write)).applied).toBe(true);
    },
    lease,
    async holdBy(owner, nowMs = START_MS) {
      const { applied, item } = await lease(owner, nowMs);
      expect(applied).toBe(true);
      return { jobId: jobId(), owner, fence: decodeJob(item ?? {}).fence, takenAtMs: nowMs };
    },
    async watchedAt(beforeMs = Number.MAX_SAFE_INTEGER) {
      const shards = watchShards().map(async (shard) => backend.items.watched(shard, beforeMs, 1000));
      return (await Promise.all(shards)).flat().find(({ key }) => key === jobItemKey(jobId()))?.watchAtMs;
    },
  };
}
