/** Leases, and the writes that a worker makes under its lease, on every available table. */
import { putIndexEntry } from "../../../../core/model/index-protocol.ts";
import { describe, expect, it } from "vitest";
import type { Write } from "../../../../core/model/write.ts";
import {
  asStep,
  completeOperation,
  failJob,
  finishJob,
  giveBack,
  isAtStep,
  releaseForContinuation,
  releaseForRetry,
  renewLease,
  saveCheckpoint,
  type Lease,
} from "../../../../core/model/protocol.ts";
import { recoverJob } from "../../../../core/model/recovery-protocol.ts";
import type { JobRecord } from "../../../../core/model/record.ts";
import { itemsBackends } from "./items-backends.ts";
import { CHECKPOINT, done, GRACE_MS, jobOnBackend, START_MS, TROUBLE, TTL_MS } from "./job-on-backend.ts";

/** Every kind of write that a worker makes under its lease. */
const FENCED_WRITES: Readonly<Record<string, (lease: Lease, record: JobRecord) => Write>> = {
  renewLease: (lease) => renewLease(lease, START_MS + 1000, TTL_MS),
  completeOperation: (lease) => completeOperation(lease, done("HEAD", lease), "STREAMING"),
  finishJob: (lease) => finishJob(lease, done("INDEX", lease), "INDEXED", START_MS + 1000),
  saveCheckpoint: (lease) => saveCheckpoint(lease, CHECKPOINT, true),
  failJob: (lease) => failJob(lease, TROUBLE, ["op_head"], START_MS, 1000),
  releaseForRetry: (lease) => releaseForRetry(lease, TROUBLE, ["op_head"], START_MS + 1000, GRACE_MS),
  releaseForContinuation: (lease, record) => releaseForContinuation(lease, record, ["op_head"], START_MS, GRACE_MS),
  giveBack: (lease, record) => giveBack(lease, record, ["op_head"], START_MS, GRACE_MS),
};

describe.each(Object.entries(itemsBackends))("the job protocol on %s", (_name, start) => {
  const { message, jobId, stored, job, attempt, write, lease, holdBy, watchedAt } = jobOnBackend(start);

  it("plans, leases and starts HEAD in one write", async () => {
    await holdBy("a");
    expect(await job()).toEqual({
      jobId: jobId(),
      workId: "work",
      artifactId: message().artifact_id,
      url: message().url,
      expectedSha256: "ab",
      state: "LEASED",
      fence: 1,
      leaseOwner: "a",
      availableAtMs: START_MS + TTL_MS,
      watchAtMs: START_MS + TTL_MS,
      heldSinceMs: START_MS,
      plannedAtMs: START_MS,
      attempts: 1,
      strikes: 1,
      mostStagedBytes: 0,
      hops: 0,
      resumedBytes: 0,
      operations: { HEAD: { key: "key-of-HEAD", status: "STARTED", fence: 1, atMs: START_MS } },
    });
  });

  it("takes a job from its lease over renewal, completion and checkpoint to INDEXED", async () => {
    const mine = await holdBy("a");
    await write(renewLease(mine, START_MS + 40_000, TTL_MS));
    expect((await job()).availableAtMs).toBe(START_MS + 160_000);
    await write(completeOperation(mine, done("HEAD", mine), "STREAMING"));
    await write(saveCheckpoint(mine, CHECKPOINT, true));
    expect(await job()).toMatchObject({
      state: "STREAMING",
      strikes: 0,
      checkpoint: CHECKPOINT,
      operations: { HEAD: { status: "DONE", result: { bytes: 100, outcome: "ok" } } },
    });
    await write(finishJob(mine, done("INDEX", mine), "INDEXED", START_MS + 999_001));
    const item = await stored();
    expect(item).toMatchObject({ state: "INDEXED", expires_at: 1_800_001_000, fence: 1 });
    for (const gone of ["lease_owner", "available_at", "watch_at", "watch_shard", "checkpoint"])
      expect(item).not.toHaveProperty(gone);
    expect(await watchedAt()).toBeUndefined();
  });

  it("gives the lease to exactly one of twenty workers that ask at once", async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, async (_, index) => lease(`worker-${index}`)));
    const [winner, ...others] = outcomes.filter(({ applied }) => applied);
    expect(others).toEqual([]);
    expect(await stored()).toEqual(winner?.item);
    expect(outcomes.map(({ item }) => item?.["lease_owner"])).toEqual(
      outcomes.map(() => winner?.item?.["lease_owner"]),
    );
  });

  it("gives a lease to another worker only after it expired, under a new fence and in the job's state", async () => {
    const first = await holdBy("a");
    await write(completeOperation(first, done("HEAD", first), "STREAMING"));
    expect((await lease("b", START_MS + TTL_MS - 1)).applied).toBe(false);
    expect((await holdBy("b", START_MS + TTL_MS)).fence).toBe(2);
    expect(await job()).toMatchObject({ state: "STREAMING", leaseOwner: "b", attempts: 2, plannedAtMs: START_MS });
  });

  it.each(["INDEXED", "DEDUPED"] as const)("refuses a lease on a job that is %s", async (state) => {
    const mine = await holdBy("a");
    await write(finishJob(mine, done("INDEX", mine), state, START_MS));
    expect(await lease("b", START_MS + 10 * TTL_MS)).toEqual({ applied: false, item: await stored() });
  });

  it("refuses a lease on a job that is FAILED", async () => {
    const mine = await holdBy("a");
    await write(failJob(mine, TROUBLE, ["op_head"], START_MS, 1000));
    expect(await job()).toMatchObject({ state: "FAILED", ...TROUBLE, operations: {}, failedAtMs: START_MS });
    expect(await stored()).toMatchObject({ expires_at: 1_800_000_001 });
    expect((await lease("b", START_MS + 10 * TTL_MS)).applied).toBe(false);
  });

  it("refuses a lease on a job released for retry until its delay is over, and watches it after the grace", async () => {
    const mine = await holdBy("a");
    await write(saveCheckpoint(mine, CHECKPOINT, true));
    await write(releaseForRetry(mine, TROUBLE, ["op_head", "checkpoint"], START_MS + 5000, GRACE_MS));
    const { leaseOwner, checkpoint, reason, operations } = await job();
    expect({ leaseOwner, checkpoint, reason, operations }).toEqual({ reason: "origin_timeout", operations: {} });
    expect(await watchedAt(START_MS + 5000 + GRACE_MS)).toBeUndefined();
    expect(await watchedAt(START_MS + 5001 + GRACE_MS)).toBe(START_MS + 5000 + GRACE_MS);
    expect((await lease("b", START_MS + 4999)).applied).toBe(false);
    await holdBy("b", START_MS + 5000);
    expect(await job()).toMatchObject({ leaseOwner: "b", attempts: 2, strikes: 1 });
  });

  it("lets the next invocation lease a continued job at once, and charges no attempt", async () => {
    const mine = await holdBy("a");
    await write(releaseForContinuation(mine, await job(), [], START_MS + 1000, GRACE_MS));
    expect(await job()).toMatchObject({ attempts: 0, hops: 1 });
    await holdBy("b", START_MS + 1000);
    expect(await job()).toMatchObject({ attempts: 1, hops: 1, fence: 2 });
  });

  it.each([
    ["a retry", (mine: Lease) => releaseForRetry(mine, TROUBLE, [], START_MS - 1000, GRACE_MS)],
    [
      "a continuation",
      (mine: Lease, record: JobRecord) => releaseForContinuation(mine, record, [], START_MS, GRACE_MS),
    ],
    ["the end of a run", (mine: Lease, record: JobRecord) => giveBack(mine, record, [], START_MS, GRACE_MS)],
  ] as const)("refuses the write that took the lease when it is applied again after %s", async (_what, release) => {
    const mine = await holdBy("a");
    await write(release(mine, await job()));
    const before = await stored();
    expect(await lease("a")).toEqual({ applied: false, item: before });
    await holdBy("b", START_MS + 1);
  });

  it("counts the steps of the next lease from 0 again", async () => {
    const mine = await holdBy("a");
    await write(asStep(renewLease(mine, START_MS, TTL_MS), 7));
    const next = await holdBy("b", START_MS + TTL_MS);
    const first = await attempt(asStep(renewLease(next, START_MS + TTL_MS, TTL_MS), 1));
    expect(first.applied).toBe(true);
  });

  describe.each(Object.entries(FENCED_WRITES))("%s", (_write, make) => {
    const STALE: Readonly<Record<string, (current: Lease) => Lease>> = {
      "an older fence": (current) => ({ ...current, fence: current.fence - 1 }),
      "another lease owner": (current) => ({ ...current, owner: "zombie" }),
      "the older fence and owner of a lost lease": (current) => ({ ...current, fence: 1, owner: "a" }),
    };

    it("is applied under the current lease", async () => {
      const mine = await holdBy("a");
      const { applied, item } = await attempt(make(mine, await job()));
      expect(applied).toBe(true);
      expect(item?.["fence"]).toBe(1);
    });

    it.each(Object.entries(STALE))("is refused under %s, and changes nothing", async (_stale, staleOf) => {
      await holdBy("a");
      const current = await holdBy("b", START_MS + TTL_MS);
      const before = await stored();
      expect(await attempt(make(staleOf(current), await job()))).toEqual({ applied: false, item: before });
      expect(await stored()).toEqual(before);
    });

    it("is refused as an earlier step of the lease, and changes nothing", async () => {
      const mine = await holdBy("a");
      const record = await job();
      const late = asStep(make(mine, record), 1);
      await write(asStep(renewLease(mine, START_MS + 2000, TTL_MS), 2));
      const before = await stored();
      expect(await attempt(late)).toEqual({ applied: false, item: before });
      expect(isAtStep(before, mine, 1)).toBe(false);
    });

    it("is refused when it is applied again, by an item that shows that it was applied", async () => {
      const mine = await holdBy("a");
      const step = asStep(make(mine, await job()), 1);
      await write(step);
      const before = await stored();
      expect(await attempt(step)).toEqual({ applied: false, item: before });
      expect(isAtStep(before, mine, 1)).toBe(true);
    });

    it("is refused after the lease was released", async () => {
      const mine = await holdBy("a");
      const record = await job();
      await write(releaseForRetry(mine, TROUBLE, [], START_MS, GRACE_MS));
      const before = await stored();
      expect(await attempt(make(mine, record))).toEqual({ applied: false, item: before });
    });

    it("is refused after the reconciler recovered the job", async () => {
      const mine = await holdBy("a");
      const record = await job();
      await write(recoverJob(record, START_MS + TTL_MS, "reconciler", START_MS + 2 * TTL_MS, GRACE_MS));
      const before = await stored();
      expect(await attempt(make(mine, record))).toEqual({ applied: false, item: before });
    });

    it("is refused if there is no job record", async () => {
      const nobody: Lease = { jobId: jobId(), owner: "a", fence: 1, takenAtMs: START_MS };
      const record = { hops: 0, attempts: 1, strikes: 1 } as JobRecord;
      expect(await attempt(make(nobody, record))).toEqual({ applied: false, item: undefined });
    });
  });

  it("puts one index entry per hash if four jobs put it at once", async () => {
    const sha256 = `hash-of-${jobId()}`;
    const entry = (id: string) =>
      putIndexEntry({ sha256, jobId: id, key: "sha256/aa/bb/c", bytes: 3, contentType: "text/plain" }, START_MS);
    const outcomes = await Promise.all(["j1", "j2", "j3", "j4"].map(async (id) => attempt(entry(id))));
    const [winner, ...others] = outcomes.filter(({ applied }) => applied);
    expect(others).toEqual([]);
    expect(winner?.item).toMatchObject({ content_key: "sha256/aa/bb/c", bytes: 3, indexed_at: START_MS });
    for (const { item } of outcomes) expect(item).toEqual(winner?.item);
  });
});
