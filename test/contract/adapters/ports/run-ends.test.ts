/** The writes that take a lease away without charging the job, on every available table. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey, watchShardOf } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import {
  giveBack,
  releaseForRetry,
  renewLease,
  saveCheckpoint,
  takeLease,
  type Lease,
} from "../../../../core/model/protocol.ts";
import { recoverUncharged } from "../../../../core/model/recovery-protocol.ts";
import { decodeJob } from "../../../../core/model/record-codec.ts";
import type { Checkpoint, JobRecord } from "../../../../core/model/record.ts";
import type { Item, Write } from "../../../../core/model/write.ts";
import type { ItemsBackend } from "./backends.ts";
import { itemsBackends } from "./items-backends.ts";

const START_MS = 1_800_000_000_000;
const TTL_MS = 120_000;
const GRACE_MS = 60_000;
const TROUBLE = { reason: "origin_timeout", failureClass: "origin" } as const;
const CHECKPOINT: Checkpoint = {
  stagedBy: "1",
  uploadId: "upload",
  validator: '"v1"',
  totalBytes: 100,
  offset: 50,
  hashState: "state",
  partsDigest: "d1",
  contentType: "text/plain",
};

describe.each(Object.entries(itemsBackends))("when a run ends, on %s", (_name, start) => {
  let backend: ItemsBackend;
  let message: JobMessage;
  let jobs = 0;

  beforeAll(async () => {
    backend = await start();
  });
  afterAll(async () => backend[Symbol.asyncDispose]());
  beforeEach(() => {
    jobs += 1;
    message = { work_id: "work", artifact_id: `artifact-${jobs}`, url: "https://origin.example/file" };
  });

  const jobId = () => jobIdOf(message);
  const stored = async (): Promise<Item> => (await backend.items.read(jobItemKey(jobId()))) ?? {};
  const job = async (): Promise<JobRecord> => decodeJob(await stored());
  const write = async (one: Write): Promise<void> => {
    expect((await backend.items.write(one)).applied).toBe(true);
  };
  const hold = async (owner: string, nowMs: number): Promise<Lease> => {
    await write(takeLease({ jobId: jobId(), message, owner, nowMs, ttlMs: TTL_MS, headKey: "key-of-HEAD" }));
    return { jobId: jobId(), owner, fence: (await job()).fence, takenAtMs: nowMs };
  };
  /** A second attempt: the first one failed. */
  const holdAgain = async (): Promise<Lease> => {
    await write(releaseForRetry(await hold("a", START_MS), TROUBLE, [], START_MS + 1, GRACE_MS));
    return hold("b", START_MS + 10);
  };
  const give = async (mine: Lease, nowMs: number, forgotten: readonly string[] = []): Promise<void> =>
    write(giveBack(mine, await job(), forgotten, nowMs, GRACE_MS));
  const recover = (seen: JobRecord) =>
    recoverUncharged(seen, seen.availableAtMs ?? 0, "run-2", START_MS + 500, GRACE_MS);
  const watchedAt = async (): Promise<number | undefined> => {
    const all = await backend.items.watched(watchShardOf(jobId()), Number.MAX_SAFE_INTEGER, 1000);
    return all.find(({ key }) => key === jobItemKey(jobId()))?.watchAtMs;
  };

  it("a job is given back as it was before its attempt, available at once, and watched after the grace", async () => {
    const mine = await holdAgain();
    expect(await job()).toMatchObject({ attempts: 2, strikes: 2 });
    await give(mine, START_MS + 200);
    const { leaseOwner, ...record } = await job();
    expect(leaseOwner).toBeUndefined();
    expect(record).toMatchObject({ state: "LEASED", fence: 2, attempts: 1, strikes: 1, hops: 0, ...TROUBLE });
    expect(record.availableAtMs).toBe(START_MS + 200);
    expect(await watchedAt()).toBe(START_MS + 200 + GRACE_MS);
    expect((await hold("c", START_MS + 200)).fence).toBe(3);
    expect(await job()).toMatchObject({ attempts: 2, strikes: 2 });
  });

  it("a job that was given back has no reason for a failure that never was", async () => {
    await give(await hold("a", START_MS), START_MS + 200);
    const record = await job();
    expect(record).toMatchObject({ attempts: 0, strikes: 0 });
    expect([record.reason, record.failureClass]).toEqual([undefined, undefined]);
  });

  it("a job that is given back keeps its checkpoint and its operations, but for what is forgotten", async () => {
    const mine = await hold("a", START_MS);
    await write(saveCheckpoint(mine, CHECKPOINT, true));
    await give(mine, START_MS + 200);
    expect(await job()).toMatchObject({ checkpoint: CHECKPOINT, operations: { HEAD: { status: "STARTED" } } });
    await give(await hold("b", START_MS + 200), START_MS + 300, ["op_head", "checkpoint"]);
    const { checkpoint, operations } = await job();
    expect({ checkpoint, operations }).toEqual({ operations: {} });
  });

  it.each([
    ["given back", async (mine: Lease) => give(mine, START_MS + 200)],
    ["taken away", async () => write(recover(await job()))],
  ] as const)("a retry budget that progress renewed stays whole when the job is %s", async (_how, end) => {
    const mine = await holdAgain();
    await write(saveCheckpoint(mine, CHECKPOINT, true));
    await end(mine);
    expect(await job()).toMatchObject({ attempts: 1, strikes: 0, checkpoint: CHECKPOINT });
  });

  it("a job is given back later than its lease was taken, by whatever clock", async () => {
    await give(await hold("a", START_MS), START_MS - 1000);
    expect((await job()).availableAtMs).toBe(START_MS + 1);
  });

  it("a dead run's lease is taken away under a new fence, without a charge, and the job is available at once", async () => {
    await holdAgain();
    await write(recover(await job()));
    const record = await job();
    expect(record).toMatchObject({ fence: 3, attempts: 1, strikes: 1, operations: { HEAD: { status: "ABANDONED" } } });
    expect(record.leaseOwner).toBeUndefined();
    expect(await watchedAt()).toBe(START_MS + 500 + GRACE_MS);
    expect((await hold("c", START_MS)).fence).toBe(4);
  });

  it("a lease is not taken away that was renewed since its record was read", async () => {
    const mine = await hold("a", START_MS);
    const seen = await job();
    await write(renewLease(mine, START_MS + 1000, TTL_MS));
    const before = await stored();
    expect(await backend.items.write(recover(seen))).toEqual({ applied: false, item: before });
  });

  it("a lease is taken away once, and its holder can write nothing more", async () => {
    const mine = await hold("a", START_MS);
    const seen = await job();
    await write(recover(seen));
    const before = await stored();
    expect((await backend.items.write(recover(seen))).applied).toBe(false);
    expect((await backend.items.write(giveBack(mine, seen, [], START_MS, GRACE_MS))).applied).toBe(false);
    expect(await stored()).toEqual(before);
  });
});
