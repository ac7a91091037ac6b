import { describe, expect, it } from "vitest";
import { jobIdOf, stagingKey } from "../../../../core/model/keys.ts";
import { reconcile } from "../../../../core/recovery/reconcile.ts";
import { answer, fileOrigin, MESSAGE, settled, world, type World } from "../../../simulation/world.ts";

const SETTINGS = { requeueGraceMs: 60_000, recoverLimit: 10, sweepLimit: 100, orphanAgeMs: 3_600_000 };
const JOB_ID = jobIdOf(MESSAGE);

/** A worker that took the lease, started to stream, and was never heard of again. */
async function abandonedJob(): Promise<World> {
  const w = world();
  w.serve(({ method }) => (method === "HEAD" ? answer({}) : new Promise<never>(() => undefined)));
  void w.deliver(MESSAGE, undefined, { ...w.deps, clock: { ...w.deps.clock, every: () => () => undefined } });
  await settled();
  await settled();
  expect(w.job()?.state).toBe("STREAMING");
  return w;
}

const recoveries = (w: World) => w.events.filter((event) => event.event === "crash_recovery_event");

describe("an expired lease", () => {
  it("is taken away, its operation marked abandoned, its job queued again", async () => {
    const w = await abandonedJob();
    await w.clock.advance(120_001);
    expect(await w.reconcile()).toMatchObject({ recoveredLeases: 1, requeuedJobs: 1, abandonedOperations: 1 });
    expect(w.job()).toMatchObject({ state: "STREAMING", fence: 2, operations: { STREAM: { status: "ABANDONED" } } });
    expect(w.job()?.leaseOwner).toBeUndefined();
    expect(w.sent.map(({ body }) => JSON.parse(body))).toEqual([{ ...MESSAGE, tracked: true }]);
    expect(w.sent[0]?.group).toBe("origin.example");
    expect(recoveries(w)).toMatchObject([{ recovered_leases: 1, abandoned_ops: 1 }]);

    w.serve(fileOrigin(Buffer.from("late")));
    expect(await w.deliver(w.sent[0]?.body)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", fence: 3, attempts: 2 });
  });

  it("is left alone before it has expired", async () => {
    const w = await abandonedJob();
    await w.clock.advance(119_000);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 0 });
    expect(w.job()?.fence).toBe(1);
  });

  it("is looked at again only after the grace, should its message be lost", async () => {
    const w = await abandonedJob();
    await w.clock.advance(120_001);
    await w.reconcile();
    await w.clock.advance(59_000);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 0 });
    await w.clock.advance(1_001);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 1, recoveredLeases: 0 });
    expect(w.sent).toHaveLength(2);
  });

  it("that is renewed between the look and the write stays with its holder", async () => {
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

  it("is recovered by one of two reconcilers at once", async () => {
    const w = await abandonedJob();
    await w.clock.advance(120_001);
    const results = await Promise.all([w.reconcile(), w.reconcile()]);
    expect(results.map(({ requeuedJobs }) => requeuedJobs).sort((a, b) => a - b)).toEqual([0, 1]);
    expect(w.sent).toHaveLength(1);
  });

  it("is free for a worker whose clock is five minutes behind the reconciler's, however often it is recovered", async () => {
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

  it("of which the index alone still tells is not believed", async () => {
    const w = world();
    w.serve(fileOrigin(Buffer.from("x")));
    await w.deliver();
    const items = { ...w.items, watched: async () => [`JOB#${JOB_ID}`, "JOB#gone"] };
    expect(await reconcile({ ...w.deps, items, settings: SETTINGS })).toMatchObject({ requeuedJobs: 0 });
    expect(w.job()?.state).toBe("INDEXED");
  });
});

it("a live lease that the index still shows as expired is left alone", async () => {
  const w = await abandonedJob();
  const items = { ...w.items, watched: async () => [`JOB#${JOB_ID}`] };
  expect(await reconcile({ ...w.deps, items, settings: SETTINGS })).toMatchObject({ requeuedJobs: 0 });
  expect(w.job()).toMatchObject({ fence: 1, leaseOwner: expect.any(String) });
});

it("a retry whose message was lost is revived, digest and all", async () => {
  const w = world();
  const message = { ...MESSAGE, sha256: "a".repeat(64) };
  w.serve(() => answer({ status: 503 }));
  expect(await w.deliver(message)).toBe("return");
  await w.clock.advance(62_000);
  expect(await w.reconcile()).toMatchObject({ requeuedJobs: 1, recoveredLeases: 0, abandonedOperations: 0 });
  expect(w.sent.map(({ body }) => JSON.parse(body))).toEqual([{ ...message, tracked: true }]);
});

it("a run recovers no more than its limit; the next goes on", async () => {
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

it("an idle run says so: zero is news as well", async () => {
  const w = world();
  await w.reconcile();
  expect(recoveries(w)).toEqual([
    { event: "crash_recovery_event", recovered_leases: 0, abandoned_ops: 0, recovered_late: 0, oldest_expired_ms: 0 },
  ]);
});

it.each([
  { expiredForMs: 1, late: 0 },
  { expiredForMs: 180_000, late: 0 },
  { expiredForMs: 180_001, late: 1 },
])("a lease that expired $expiredForMs ms ago is told with its age: late by $late", async ({ expiredForMs, late }) => {
  const w = await abandonedJob();
  await w.clock.advance(120_000 + expiredForMs);
  await w.reconcile();
  expect(recoveries(w)).toMatchObject([{ recovered_leases: 1, recovered_late: late, oldest_expired_ms: expiredForMs }]);
});

it("of several expired leases the oldest is told, and each that is late; a retry that is due counts for none", async () => {
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

describe("the sweep", () => {
  const stage = async (w: World, jobId: string): Promise<void> => {
    await w.staging.put(stagingKey(jobId, "9"), Buffer.from("litter"), "text/plain");
    await w.staging.createUpload(stagingKey(jobId, "9"), "text/plain");
  };
  const litterOf = (w: World): number => w.stagedObjects.size + w.uploads.size;

  it("removes all that a terminal job left", async () => {
    const w = world();
    w.serve(fileOrigin(Buffer.from("x")));
    await w.deliver();
    await stage(w, JOB_ID);
    expect(await w.reconcile()).toMatchObject({ removedLitter: 2 });
    expect(litterOf(w)).toBe(0);
  });

  it("touches nothing of an open job, leased or waiting", async () => {
    const w = await abandonedJob();
    await stage(w, JOB_ID);
    await w.clock.advance(10 * 3_600_000);
    expect(await w.reconcile()).toMatchObject({ removedLitter: 0 });
    expect(litterOf(w)).toBe(2);
  });

  it("leaves what has no record until it is older than any invocation", async () => {
    const w = world();
    await stage(w, "0".repeat(32));
    expect(await w.reconcile()).toMatchObject({ removedLitter: 0 });
    await w.clock.advance(3_600_001);
    expect(await w.reconcile()).toMatchObject({ removedLitter: 2 });
  });

  it("of two that overlap, the slower does not move the place back", async () => {
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

  it("keeps its place between runs, and starts again at the end", async () => {
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
