/** The writes that end a lease for which no worker makes progress any more, on every available table. */
import { describe, expect, it } from "vitest";
import {
  completeOperation,
  finishJob,
  giveBack,
  releaseForRetry,
  renewLease,
  saveCheckpoint,
  type Lease,
} from "../../../../core/model/protocol.ts";
import {
  RECONCILER_KEY,
  recoverJob,
  recoverUncharged,
  saveSweepCursor,
} from "../../../../core/model/recovery-protocol.ts";
import type { JobRecord } from "../../../../core/model/record.ts";
import { itemsBackends } from "./items-backends.ts";
import { CHECKPOINT, done, GRACE_MS, jobOnBackend, START_MS, started, TROUBLE, TTL_MS } from "./job-on-backend.ts";

describe.each(Object.entries(itemsBackends))("recovery on %s", (_name, start) => {
  const { read, stored, job, attempt, write, lease, holdBy, watchedAt } = jobOnBackend(start);

  describe("recoverJob", () => {
    const recover = (seen: JobRecord) =>
      recoverJob(seen, START_MS + TTL_MS, "reconciler", START_MS + 2 * TTL_MS, GRACE_MS);

    it("ends an expired lease, marks started operations ABANDONED, and lets any worker lease the job", async () => {
      await holdBy("a");
      await write(recover(await job()));
      const recovered = await job();
      expect(recovered).toMatchObject({
        fence: 2,
        attempts: 1,
        operations: { HEAD: { status: "ABANDONED", fence: 1 } },
      });
      expect(recovered.leaseOwner).toBeUndefined();
      expect(await watchedAt(START_MS + 2 * TTL_MS + GRACE_MS + 1)).toBe(START_MS + 2 * TTL_MS + GRACE_MS);
      expect((await holdBy("b", START_MS + 2 * TTL_MS)).fence).toBe(3);
    });

    it("lets a worker lease the job at once even if the ended lease is still valid by its clock", async () => {
      await holdBy("a");
      await write(recover(await job()));
      expect((await holdBy("b", START_MS)).fence).toBe(3);
    });

    it("does not shorten the delay of a job that waits for a retry", async () => {
      const mine = await holdBy("a");
      await write(releaseForRetry(mine, TROUBLE, [], START_MS + TTL_MS, 0));
      await write(recover(await job()));
      expect((await lease("b", START_MS + TTL_MS - 1)).applied).toBe(false);
      expect((await holdBy("b", START_MS + TTL_MS)).fence).toBe(3);
    });

    it("does not change completed operations", async () => {
      const mine = await holdBy("a");
      await write(completeOperation(mine, done("HEAD", mine), "STREAMING"));
      await write(completeOperation(mine, started("STREAM", mine), "STREAMING"));
      const { operations } = await job();
      await write(recover(await job()));
      expect((await job()).operations).toEqual({
        HEAD: operations.HEAD,
        STREAM: { ...operations.STREAM, status: "ABANDONED" },
      });
    });

    it("is refused if the lease was renewed after the reconciler read the record", async () => {
      const mine = await holdBy("a");
      const seen = await job();
      await write(renewLease(mine, START_MS + 40_000, TTL_MS));
      const before = await stored();
      expect(await attempt(recover(seen))).toEqual({ applied: false, item: before });
      expect(await stored()).toEqual(before);
    });

    it("is refused if another worker leased the job after the reconciler read the record", async () => {
      await holdBy("a");
      const seen = await job();
      await holdBy("b", START_MS + TTL_MS);
      expect((await attempt(recover(seen))).applied).toBe(false);
    });

    it("is refused if the started operation was completed after the reconciler read the record", async () => {
      const mine = await holdBy("a");
      const seen = await job();
      await write(completeOperation(mine, done("HEAD", mine), "STREAMING"));
      await write(completeOperation(mine, started("STREAM", mine), "STREAMING"));
      expect((await attempt(recover(seen))).applied).toBe(false);
      expect((await job()).operations.HEAD?.status).toBe("DONE");
    });

    it("is refused if the job ended after the reconciler read the record", async () => {
      const mine = await holdBy("a");
      const seen = await job();
      await write(finishJob(mine, done("INDEX", mine), "INDEXED", START_MS));
      expect((await attempt(recover(seen))).applied).toBe(false);
    });

    it("is applied once if two reconcilers read the same record", async () => {
      await holdBy("a");
      const seen = await job();
      const outcomes = await Promise.all([attempt(recover(seen)), attempt(recover(seen))]);
      expect(outcomes.filter(({ applied }) => applied)).toHaveLength(1);
      expect((await job()).fence).toBe(2);
    });
  });

  describe("when a run ends,", () => {
    /** A second attempt: the first one failed. */
    const holdAgain = async (): Promise<Lease> => {
      await write(releaseForRetry(await holdBy("a", START_MS), TROUBLE, [], START_MS + 1, GRACE_MS));
      return holdBy("b", START_MS + 10);
    };
    const give = async (mine: Lease, nowMs: number, forgotten: readonly string[] = []): Promise<void> =>
      write(giveBack(mine, await job(), forgotten, nowMs, GRACE_MS));
    const takeAway = (seen: JobRecord) =>
      recoverUncharged(seen, seen.availableAtMs ?? 0, "run-2", START_MS + 500, GRACE_MS);

    it("a job is given back as it was before its attempt, available at once, and watched after the grace", async () => {
      const mine = await holdAgain();
      expect(await job()).toMatchObject({ attempts: 2, strikes: 2 });
      await give(mine, START_MS + 200);
      const { leaseOwner, ...record } = await job();
      expect(leaseOwner).toBeUndefined();
      expect(record).toMatchObject({ state: "LEASED", fence: 2, attempts: 1, strikes: 1, hops: 0, ...TROUBLE });
      expect(record.availableAtMs).toBe(START_MS + 200);
      expect(await watchedAt()).toBe(START_MS + 200 + GRACE_MS);
      expect((await holdBy("c", START_MS + 200)).fence).toBe(3);
      expect(await job()).toMatchObject({ attempts: 2, strikes: 2 });
    });

    it("a job that was given back has no reason for a failure that never was", async () => {
      await give(await holdBy("a", START_MS), START_MS + 200);
      const record = await job();
      expect(record).toMatchObject({ attempts: 0, strikes: 0 });
      expect([record.reason, record.failureClass]).toEqual([undefined, undefined]);
    });

    it("a job that is given back keeps its checkpoint and its operations, but for what is forgotten", async () => {
      const mine = await holdBy("a", START_MS);
      await write(saveCheckpoint(mine, CHECKPOINT, true));
      await give(mine, START_MS + 200);
      expect(await job()).toMatchObject({ checkpoint: CHECKPOINT, operations: { HEAD: { status: "STARTED" } } });
      await give(await holdBy("b", START_MS + 200), START_MS + 300, ["op_head", "checkpoint"]);
      const { checkpoint, operations } = await job();
      expect({ checkpoint, operations }).toEqual({ operations: {} });
    });

    it.each([
      ["given back", async (mine: Lease) => give(mine, START_MS + 200)],
      ["taken away", async () => write(takeAway(await job()))],
    ] as const)("a retry budget that progress renewed stays whole when the job is %s", async (_how, end) => {
      const mine = await holdAgain();
      await write(saveCheckpoint(mine, CHECKPOINT, true));
      await end(mine);
      expect(await job()).toMatchObject({ attempts: 1, strikes: 0, checkpoint: CHECKPOINT });
    });

    it("a job is given back later than its lease was taken, by whatever clock", async () => {
      await give(await holdBy("a", START_MS), START_MS - 1000);
      expect((await job()).availableAtMs).toBe(START_MS + 1);
    });

    it("a dead run's lease is taken away under a new fence, without a charge, and the job is available at once", async () => {
      await holdAgain();
      await write(takeAway(await job()));
      const record = await job();
      expect(record).toMatchObject({
        fence: 3,
        attempts: 1,
        strikes: 1,
        operations: { HEAD: { status: "ABANDONED" } },
      });
      expect(record.leaseOwner).toBeUndefined();
      expect(await watchedAt()).toBe(START_MS + 500 + GRACE_MS);
      expect((await holdBy("c", START_MS)).fence).toBe(4);
    });

    it("a lease is not taken away that was renewed since its record was read", async () => {
      const mine = await holdBy("a", START_MS);
      const seen = await job();
      await write(renewLease(mine, START_MS + 1000, TTL_MS));
      const before = await stored();
      expect(await attempt(takeAway(seen))).toEqual({ applied: false, item: before });
    });

    it("a lease is taken away once, and its holder can write nothing more", async () => {
      const mine = await holdBy("a", START_MS);
      const seen = await job();
      await write(takeAway(seen));
      const before = await stored();
      expect((await attempt(takeAway(seen))).applied).toBe(false);
      expect((await attempt(giveBack(mine, seen, [], START_MS, GRACE_MS))).applied).toBe(false);
      expect(await stored()).toEqual(before);
    });
  });

  it("saves the sweep cursor of the first of two overlapping reconcilers, and refuses that of the second", async () => {
    await write(saveSweepCursor(undefined, "place 1"));
    expect((await attempt(saveSweepCursor(undefined, "late"))).applied).toBe(false);
    await write(saveSweepCursor(1, "place 2"));
    expect((await attempt(saveSweepCursor(1, "late"))).applied).toBe(false);
    await write(saveSweepCursor(2, undefined));
    expect(await read(RECONCILER_KEY)).toEqual({ pk: RECONCILER_KEY, cursor: "", fence: 3 });
  });
});
