/** A run that finds more jobs than it can recover one after the other. */
import { describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey, watchShardOf } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { takeLease } from "../../../../core/model/protocol.ts";
import type { Items } from "../../../../core/ports/items.ts";
import { reconcile } from "../../../../core/recovery/reconcile.ts";
import { answer, MESSAGE, world, type World } from "../../../simulation/world.ts";

const SETTINGS = { requeueGraceMs: 300_000, recoverLimit: 100, sweepLimit: 100, orphanAgeMs: 3_600_000 };
const HOUR_MS = 3_600_000;

const messageOf = (n: number): JobMessage => ({ ...MESSAGE, artifact_id: `a${n}` });

/** A lease that ends `ttlMs` from now, of a worker that spreads jobs over so many shards. */
async function lease(w: World, n: number, ttlMs: number, watchShards = 64): Promise<void> {
  const message = messageOf(n);
  const write = { jobId: jobIdOf(message), message, owner: "dead", nowMs: w.clock.nowMs(), ttlMs, headKey: "key" };
  expect((await w.items.write(takeLease({ ...write, watchShards }))).applied).toBe(true);
}

/** Leases of which the first has been expired for as many ms as there are, and the last for one. */
async function expiredLeases(count: number): Promise<World> {
  const w = world();
  for (let n = 0; n < count; n++) await lease(w, n, n + 1);
  await w.clock.advance(count + 1);
  return w;
}

const run = async (w: World, recoverLimit: number, items: Items = w.items) =>
  reconcile({ ...w.deps, items, settings: { ...SETTINGS, recoverLimit } });
const lagOf = (w: World) =>
  w.events.flatMap((event) => (event.event === "crash_recovery_event" ? [event.lag_ms] : [])).at(-1);
const sentIds = (w: World) => w.sent.map(({ body }) => (JSON.parse(body) as JobMessage).artifact_id);

/** The table, whose reads of jobs take `ms` each. */
const slowly = (w: World, ms: number): Items => ({
  ...w.items,
  read: async (key) => {
    if (key.startsWith("JOB#")) await w.clock.advance(ms);
    return w.items.read(key);
  },
});

describe("the shards of the watch index", () => {
  it("are all read: a job of a worker that writes to 8 of them is recovered like one of a worker that writes to 64", async () => {
    const w = world();
    const moves = (n: number) => watchShardOf(jobIdOf(messageOf(n)), 8) !== watchShardOf(jobIdOf(messageOf(n)), 64);
    const [first, second] = Array.from({ length: 20 }, (_, n) => n).filter(moves) as [number, number];
    await lease(w, first, 1, 8);
    await lease(w, second, 1, 64);
    const shards = [first, second].map((n) => w.items.all.get(jobItemKey(jobIdOf(messageOf(n))))?.["watch_shard"]);
    expect(Math.min(...shards.map(Number))).toBeLessThan(8);
    expect(Math.max(...shards.map(Number))).toBeGreaterThanOrEqual(8);
    await w.clock.advance(2);
    expect(await run(w, 100)).toMatchObject({ recoveredLeases: 2 });
  });

  it("are read 16 at a time", async () => {
    const w = world();
    const { most, through } = counted();
    await run(w, 100, { ...w.items, watched: through(async (...query) => w.items.watched(...query)) });
    expect(most()).toBe(16);
  });
});

describe("a run that finds many jobs", () => {
  it("recovers 16 at a time, longest overdue first", async () => {
    const w = await expiredLeases(60);
    const { most, through } = counted();
    await run(w, 100, { ...w.items, read: through(async (key) => w.items.read(key)) });
    expect(most()).toBe(16);
    expect(sentIds(w)).toEqual(Array.from({ length: 60 }, (_, n) => `a${n}`));
  });

  it("recovers exactly as many as its limit, though it recovers them at the same time", async () => {
    const w = await expiredLeases(60);
    expect(await run(w, 10)).toMatchObject({ recoveredLeases: 10 });
    expect(sentIds(w)).toEqual(Array.from({ length: 10 }, (_, n) => `a${n}`));
  });

  it("counts parked jobs that it dispatches towards its limit", async () => {
    const w = world();
    w.serve(() => answer({ status: 503, headers: { "retry-after": "3600" } }));
    for (let n = 0; n < 5; n++) await w.deliver(messageOf(n));
    await w.clock.advance(HOUR_MS);
    expect(await run(w, 3)).toMatchObject({ dispatchedJobs: 3, requeuedJobs: 0 });
    expect(await run(w, 3)).toMatchObject({ dispatchedJobs: 2, requeuedJobs: 0 });
    expect(w.sent).toHaveLength(5);
  });

  it("begins with no further job after 40 s, and the next run goes on", async () => {
    const w = await expiredLeases(100);
    const { recoveredLeases } = await run(w, 100, slowly(w, 1000));
    expect(recoveredLeases).toBeGreaterThanOrEqual(40);
    expect(recoveredLeases).toBeLessThanOrEqual(40 + 16);
    expect(await run(w, 100)).toMatchObject({ recoveredLeases: 100 - recoveredLeases });
  });
});

describe("lag_ms of crash_recovery_event", () => {
  it("is 0 if nothing was due, and if all that was due was recovered", async () => {
    const w = await expiredLeases(10);
    await run(w, 10);
    expect(lagOf(w)).toBe(0);
    await run(w, 10);
    expect(lagOf(w)).toBe(0);
  });

  it("is how long the oldest job had been due, at the end of the run, that the limit left", async () => {
    const w = await expiredLeases(10);
    await run(w, 9);
    expect(lagOf(w)).toBe(1);
    await w.clock.advance(HOUR_MS);
    await lease(w, 10, 1);
    await w.clock.advance(2);
    await run(w, 1);
    expect(lagOf(w)).toBe(HOUR_MS + 2 - SETTINGS.requeueGraceMs);
  });

  it("counts a job whose recovery failed, and the time that the run took", async () => {
    const w = await expiredLeases(3);
    const items: Items = {
      ...slowly(w, 1000),
      write: async (write) => {
        if (write.key === jobItemKey(jobIdOf(messageOf(0)))) throw new Error("throttled");
        return w.items.write(write);
      },
    };
    await expect(run(w, 10, items)).rejects.toThrow(AggregateError);
    expect(lagOf(w)).toBe(3 + 3000);
  });
});

/** Counts how many calls are under way at a time. */
function counted() {
  let [underWay, most] = [0, 0];
  return {
    most: () => most,
    through:
      <Query extends readonly unknown[], Answer>(call: (...query: Query) => Promise<Answer>) =>
      async (...query: Query): Promise<Answer> => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise<void>((resolve) => setImmediate(resolve));
        underWay -= 1;
        return call(...query);
      },
  };
}
