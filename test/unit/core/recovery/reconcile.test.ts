import { describe, expect, it } from "vitest";
import { jobIdOf, stagingKey } from "../../../../core/model/keys.ts";
import { reconcile } from "../../../../core/recovery/reconcile.ts";
import { answer, fileOrigin, MESSAGE, settled, world, type World } from "../../../simulation/world.ts";

const SETTINGS = { requeueGraceMs: 60_000, recoverLimit: 10, sweepLimit: 100, orphanAgeMs: 3_600_000 };
const JOB_ID = jobIdOf(MESSAGE);
const watchedKey = (key: string) => ({ key, watchAtMs: 0 });

/** A world with a worker that took the lease, asked the origin, and crashed: it never renews nor answers again. */
async function abandonedJob(): Promise<World> {
  const w = world();
  w.serve(({ method }) => (method === "HEAD" ? answer({}) : new Promise<never>(() => undefined)));
  void w.deliver(MESSAGE, undefined, { ...w.deps, clock: { ...w.deps.clock, every: () => () => undefined } });
  await settled();
  await settled();
  expect(w.job()?.state).toBe("LEASED");
  return w;
}

const recoveries = (w: World) => w.events.filter((event) => event.event === "crash_recovery_event");

describe("the reconciler and an expired lease", () => {
  it("ends the lease, marks its operation ABANDONED, and queues the job again", async () => {
    const w = await abandonedJob();
    await w.clock.advance(120_001);
    expect(await w.reconcile()).toMatchObject({ recoveredLeases: 1, requeuedJobs: 1, abandonedOperations: 1 });
    expect(w.job()).toMatchObject({ state: "LEASED", fence: 2, operations: { HEAD: { status: "ABANDONED" } } });
    expect(w.job()?.leaseOwner).toBeUndefined();
    expect(w.sent.map(({ body }) => JSON.parse(body))).toEqual([{ ...MESSAGE, tracked: true }]);
    expect(w.sent[0]?.group).toBe("origin.example");
    expect(recoveries(w)).toMatchObject([{ recovered_leases: 1, abandoned_ops: 1 }]);

    w.serve(fileOrigin(Buffer.from("late")));
    expect(await w.deliver(w.sent[0]?.body)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", fence: 3, attempts: 2 });
  });

  it("leaves a lease alone that has not expired yet", async () => {
    const w = await abandonedJob();
    await w.clock.advance(119_000);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 0 });
    expect(w.job()?.fence).toBe(1);
  });

  it("queues a recovered job again only after the grace period, in case its message was lost", async () => {
    const w = await abandonedJob();
    await w.clock.advance(120_001);
    await w.reconcile();
    await w.clock.advance(59_000);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 0 });
    await w.clock.advance(1_001);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 1, recoveredLeases: 0 });
    expect(w.sent).toHaveLength(2);
  });

  it("leaves a lease to its holder that is renewed between the reconciler's read and write", async () => {
    const w = await abandonedJob();
    await w.clock.advance(120_001);
    const before = w.job();
    const items: typeof w.items = {
      ...w.items,
      read: async (key) => {
        const item = await w.items.read(key);
        if (item && key !== "RECONCILER") {
          const renewal = { available_at: w.clock.nowMs() + 120_000, watch_at: w.clock.nowMs() + 120_000 };
          await w.items.write({ key, when: [[]], set: renewal });
        }
        return item;
      },
    };
    const result = await reconcile({ ...w.deps, items, settings: SETTINGS });
    expect(result).toMatchObject({ requeuedJobs: 0 });
    expect(w.job()).toMatchObject({ fence: before?.fence, leaseOwner: before?.leaseOwner });
    expect(w.sent).toEqual([]);
  });

  it("recovers a lease once if two reconcilers run at once", async () => {
    const w = await abandonedJob();
    await w.clock.advance(120_001);
    const results = await Promise.all([w.reconcile(), w.reconcile()]);
    expect(results.map(({ requeuedJobs }) => requeuedJobs).sort((a, b) => a - b)).toEqual([0, 1]);
    expect(w.sent).toHaveLength(1);
  });

  it("frees a lease at every recovery for a worker whose clock is five minutes behind the reconciler's", async () => {
    const w = await abandonedJob();
    await w.clock.advance(120_001);
    const clock = { ...w.clock, nowMs: () => w.clock.nowMs() + 300_000 };
    for (const _ of ["once", "twice"]) {
      expect(await reconcile({ ...w.deps, clock, settings: SETTINGS })).toMatchObject({ requeuedJobs: 1 });
      await w.clock.advance(60_001);
    }
    w.serve(fileOrigin(Buffer.from("late")));
    expect(await w.deliver(w.sent[0]?.body)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED" });
  });

  it("ignores a stale index entry of a terminal job and one of a missing record", async () => {
    const w = world();
    w.serve(fileOrigin(Buffer.from("x")));
    await w.deliver();
    const items = { ...w.items, watched: async () => [watchedKey(`JOB#${JOB_ID}`), watchedKey("JOB#gone")] };
    expect(await reconcile({ ...w.deps, items, settings: SETTINGS })).toMatchObject({ requeuedJobs: 0 });
    expect(w.job()?.state).toBe("INDEXED");
  });
});

it("the reconciler leaves a live lease alone if the index still shows it as expired", async () => {
  const w = await abandonedJob();
  const items = { ...w.items, watched: async () => [watchedKey(`JOB#${JOB_ID}`)] };
  expect(await reconcile({ ...w.deps, items, settings: SETTINGS })).toMatchObject({ requeuedJobs: 0 });
  expect(w.job()).toMatchObject({ fence: 1, leaseOwner: expect.any(String) });
});

it("the reconciler sends a new message, digest included, for a retry whose message was lost", async () => {
  const w = world();
  const message = { ...MESSAGE, sha256: "a".repeat(64) };
  w.serve(() => answer({ status: 503 }));
  expect(await w.deliver(message)).toBe("acknowledge");
  await w.clock.advance(62_000);
  expect(await w.reconcile()).toMatchObject({ requeuedJobs: 1, recoveredLeases: 0, abandonedOperations: 0 });
  expect(w.sent.map(({ body, delayMs }) => ({ body: JSON.parse(body) as unknown, delayMs }))).toEqual([
    { body: { ...message, tracked: true }, delayMs: 500 },
    { body: { ...message, tracked: true }, delayMs: undefined },
  ]);
});

it("a reconciler run recovers no more jobs than its limit, and the next run continues", async () => {
  const w = world();
  w.serve(() => answer({ status: 503 }));
  const messages = Array.from({ length: 7 }, (_, n) => ({ ...MESSAGE, artifact_id: `a${n}` }));
  for (const message of messages) await w.deliver(message);
  await w.clock.advance(62_000);
  const settings = { ...SETTINGS, recoverLimit: 3 };
  const runs = [];
  for (let run = 0; run < 3; run++) runs.push((await reconcile({ ...w.deps, settings })).requeuedJobs);
  expect(runs).toEqual([3, 3, 1]);
});

it("an idle reconciler run emits crash_recovery_event with zeros", async () => {
  const w = world();
  await w.reconcile();
  expect(recoveries(w)).toEqual([
    {
      event: "crash_recovery_event",
      recovered_leases: 0,
      abandoned_ops: 0,
      recovered_late: 0,
      oldest_expired_ms: 0,
      unreadable_records: 0,
      lag_ms: 0,
    },
  ]);
});

it.each([
  { expiredForMs: 1, late: 0 },
  { expiredForMs: 180_000, late: 0 },
  { expiredForMs: 180_001, late: 1 },
])(
  "a lease recovered $expiredForMs ms after its expiry is reported with its age, and $late as late",
  async ({ expiredForMs, late }) => {
    const w = await abandonedJob();
    await w.clock.advance(120_000 + expiredForMs);
    await w.reconcile();
    expect(recoveries(w)).toMatchObject([
      { recovered_leases: 1, recovered_late: late, oldest_expired_ms: expiredForMs },
    ]);
  },
);

it("a reconciler run reports the oldest expired lease and the number of late ones; a due retry counts as neither", async () => {
  const w = world();
  const noHeartbeat = { ...w.deps, clock: { ...w.deps.clock, every: () => () => undefined } };
  const messageOf = (id: string) => ({ ...MESSAGE, artifact_id: id });
  w.serve(() => answer({ status: 503 }));
  await w.deliver(messageOf("retry"));
  w.serve(({ method }) => (method === "HEAD" ? answer({}) : new Promise<never>(() => undefined)));
  for (const id of ["oldest", "older", "young"]) {
    void w.deliver(messageOf(id), undefined, noHeartbeat);
    await w.clock.advance(10_000);
  }
  await w.clock.advance(120_000 + 165_000);
  await w.reconcile();
  expect(recoveries(w)).toMatchObject([{ recovered_leases: 3, recovered_late: 2, oldest_expired_ms: 195_000 }]);
});

describe("the reconciler's sweep of staging", () => {
  const stage = async (w: World, jobId: string): Promise<void> => {
    await w.staging.put(stagingKey(jobId, "9"), Buffer.from("litter"), "text/plain");
    await w.staging.createUpload(stagingKey(jobId, "9"), "text/plain");
  };
  const litterOf = (w: World): number => w.stagedObjects.size + w.uploads.size;

  it("removes all staged objects and uploads of a terminal job", async () => {
    const w = world();
    w.serve(fileOrigin(Buffer.from("x")));
    await w.deliver();
    await stage(w, JOB_ID);
    expect(await w.reconcile()).toMatchObject({ removedLitter: 2 });
    expect(litterOf(w)).toBe(0);
  });

  it("removes nothing of an open job, however old it is", async () => {
    const w = await abandonedJob();
    await stage(w, JOB_ID);
    await w.clock.advance(10 * 3_600_000);
    expect(await w.reconcile()).toMatchObject({ removedLitter: 0 });
    expect(litterOf(w)).toBe(2);
  });

  it("removes what has no job record only once it is older than the longest invocation", async () => {
    const w = world();
    await stage(w, "0".repeat(32));
    expect(await w.reconcile()).toMatchObject({ removedLitter: 0 });
    await w.clock.advance(3_600_001);
    expect(await w.reconcile()).toMatchObject({ removedLitter: 2 });
  });

  it("does not move its cursor back if a slower run overlaps with a quicker one", async () => {
    const w = world();
    const staging = (next: string) => ({ ...w.staging, litter: async () => ({ found: [], next }) });
    const items = {
      ...w.items,
      read: async (key: string) => {
        const place = await w.items.read(key);
        await reconcile({ ...w.deps, staging: staging("quick"), settings: SETTINGS });
        return place;
      },
    };
    await reconcile({ ...w.deps, items, staging: staging("slow"), settings: SETTINGS });
    expect(w.items.all.get("RECONCILER")).toMatchObject({ cursor: "quick" });
  });

  it("keeps its cursor between runs, and starts over after the last page", async () => {
    const w = world();
    const asked: (string | undefined)[] = [];
    const pages = [{ found: [], next: "middle" }, { found: [], next: "later" }, { found: [] }];
    const staging = {
      ...w.staging,
      litter: async (from: string | undefined) => {
        asked.push(from);
        return pages[(asked.length - 1) % pages.length] ?? { found: [] };
      },
    };
    for (let run = 0; run < 4; run++) await reconcile({ ...w.deps, staging, settings: SETTINGS });
    expect(asked).toEqual([undefined, "middle", "later", undefined]);
  });
});
