/** Reopening failed jobs, on every available table. */
import { describe, expect, it } from "vitest";
import { FEWEST_WATCH_SHARDS, jobIdOf, jobItemKey, watchShardOf } from "../../../../core/model/keys.ts";
import {
  completeOperation,
  failJob,
  renewLease,
  takeLease,
  type Lease,
  type OperationEntry,
} from "../../../../core/model/protocol.ts";
import { reopenJob } from "../../../../core/model/recovery-protocol.ts";
import { decodeJob, encodeTransfer } from "../../../../core/model/record-codec.ts";
import type { JobRecord } from "../../../../core/model/record.ts";
import { itemsBackends, tableBackends } from "./items-backends.ts";
import { GRACE_MS, jobOnBackend, START_MS, TTL_MS } from "./job-on-backend.ts";

const REOPENED_MS = START_MS + 3_600_000;
const TROUBLE = { reason: "http_404", failureClass: "origin" } as const;

const RESULTS = {
  HEAD: { validator: "" },
  STREAM: encodeTransfer({ sha256: "ab", bytes: 1, contentType: "text/plain", stagedBy: "1", etag: "e" }),
  FINALIZE: { outcome: "created" },
};
type DoneType = keyof typeof RESULTS;

const done = (type: DoneType): OperationEntry => ({
  type,
  record: { key: `key-of-${type}`, status: "DONE", fence: 1, atMs: START_MS, result: RESULTS[type] },
});

describe.each(Object.entries(itemsBackends))("reopenJob on %s", (_name, start) => {
  const { message, jobId, read, stored, job, attempt, write, lease, holdBy, watchedAt } = jobOnBackend(start);
  const reopen = async (seen: JobRecord, by = "operator") => attempt(reopenJob(seen, by, REOPENED_MS, GRACE_MS));

  /** Fails the job under its first lease, with the given operations recorded as DONE. */
  async function failed(...operations: readonly DoneType[]): Promise<Lease> {
    const mine = await holdBy("worker");
    for (const type of operations) await write(completeOperation(mine, done(type), "STREAMING"));
    await write(failJob(mine, TROUBLE, [], START_MS, 86_400_000));
    return mine;
  }

  it("resets a failed job: no operations, a new retry budget, watched, and without an expiry", async () => {
    await failed("HEAD", "STREAM");
    expect((await reopen(await job())).applied).toBe(true);
    expect(await stored()).toEqual({
      pk: jobItemKey(jobId()),
      work_id: "work",
      artifact_id: message().artifact_id,
      url: message().url,
      expected_sha256: "ab",
      state: "LEASED",
      step: 0,
      fence: 2,
      attempts: 1,
      strikes: 0,
      hops: 0,
      planned_at: REOPENED_MS,
      available_at: 0,
      watch_at: REOPENED_MS + GRACE_MS,
      watch_shard: watchShardOf(jobId(), FEWEST_WATCH_SHARDS),
      redrives: 1,
      redriven_by: "operator",
      redriven_from: "http_404",
    });
    expect(await watchedAt(REOPENED_MS + GRACE_MS + 1)).toBe(REOPENED_MS + GRACE_MS);
  });

  it("keeps the operations of a job whose content was published, and continues in FINALIZED", async () => {
    await failed("HEAD", "STREAM", "FINALIZE");
    const { operations } = await job();
    await reopen(await job());
    expect(await job()).toMatchObject({ state: "FINALIZED", operations, strikes: 0 });
    expect(Object.keys(operations)).toEqual(["HEAD", "STREAM", "FINALIZE"]);
  });

  it("lets a worker lease the job at once even if its clock is an hour behind the operator's", async () => {
    await failed();
    await reopen(await job());
    expect((await lease("second", START_MS - 3_600_000)).applied).toBe(true);
    expect(await job()).toMatchObject({ fence: 3, attempts: 2, strikes: 1, leaseOwner: "second" });
  });

  it("refuses every later write of the worker that failed the job", async () => {
    const mine = await failed();
    await reopen(await job());
    expect((await attempt(renewLease(mine, START_MS, TTL_MS))).applied).toBe(false);
    expect((await attempt(failJob(mine, TROUBLE, [], START_MS, 1000))).applied).toBe(false);
  });

  it("keeps the record below 1 KB, which is one write unit", async () => {
    await failed("HEAD", "STREAM", "FINALIZE");
    await reopen(await job());
    expect(JSON.stringify(await stored()).length).toBeLessThan(1024);
  });

  it("is applied once if two operators saw the same failure", async () => {
    await failed();
    const seen = await job();
    const outcomes = await Promise.all([reopen(seen, "one"), reopen(seen, "another")]);
    expect(outcomes.filter(({ applied }) => applied)).toHaveLength(1);
    expect(await job()).toMatchObject({ fence: 2 });
  });

  it("is refused if the job was reopened and failed again in the meantime", async () => {
    await failed();
    const seen = await job();
    await reopen(seen);
    const next = await holdBy("second");
    await write(failJob(next, { ...TROUBLE, reason: "http_403" }, [], START_MS, 1000));
    const before = await stored();
    expect(await reopen(seen)).toEqual({ applied: false, item: before });
  });

  it("is refused while the job is open, even under the same fence", async () => {
    await lease("worker");
    expect((await reopen({ ...(await job()), reason: "http_404" })).applied).toBe(false);
  });

  it("is refused if the record no longer exists, and creates none", async () => {
    await failed();
    const seen = { ...(await job()), jobId: "0".repeat(32) };
    expect(await reopen(seen)).toEqual({ applied: false, item: undefined });
    expect(await read(jobItemKey(seen.jobId))).toBeUndefined();
  });
});

describe.each(Object.entries(tableBackends))("JobPages on %s", (_name, start) => {
  it("returns every failed job once, page by page, with the number of items scanned and read units", async () => {
    const backend = await start();
    const messages = Array.from({ length: 7 }, (_, index) => ({
      work_id: "work",
      artifact_id: `artifact-${index}`,
      url: "https://origin.example/file",
    }));
    for (const [index, message] of messages.entries()) {
      const jobId = jobIdOf(message);
      await backend.items.write(
        takeLease({ jobId, message, owner: "worker", nowMs: START_MS, ttlMs: TTL_MS, headKey: "key", watchShards: 64 }),
      );
      if (index % 2 === 0)
        await backend.items.write(
          failJob({ jobId, owner: "worker", fence: 1, takenAtMs: START_MS }, TROUBLE, [], START_MS, 1000),
        );
    }
    await backend.items.write({
      key: "HASH#ab",
      when: [[{ attribute: "pk", is: "absent" }]],
      set: { state: "FAILED" },
    });
    const found: string[] = [];
    let [scanned, readUnits] = [0, 0];
    let from: string | undefined;
    do {
      const page = await backend.failedJobs.page(from);
      scanned += page.scanned;
      readUnits += page.readUnits;
      found.push(...page.items.map((item) => decodeJob(item).artifactId));
      from = page.next;
    } while (from !== undefined);
    await backend[Symbol.asyncDispose]();
    expect(found.toSorted()).toEqual(["artifact-0", "artifact-2", "artifact-4", "artifact-6"]);
    expect(scanned).toBe(8);
    expect(readUnits).toBeGreaterThan(0);
  });
});
