/** One job's trouble is that job's: a run of the reconciler that meets it goes on with the rest. */
import { describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey, stagingKey, watchShardOf } from "../../../../core/model/keys.ts";
import type { Write } from "../../../../core/model/write.ts";
import { reconcile } from "../../../../core/recovery/reconcile.ts";
import { answer, fileOrigin, MESSAGE, settled, world, type World } from "../../../simulation/world.ts";

const SETTINGS = { requeueGraceMs: 60_000, recoverLimit: 10, sweepLimit: 100, orphanAgeMs: 3_600_000 };
const SHARDS = 64;
const LEASE_MS = 120_000;
const messageOf = (n: number) => ({ ...MESSAGE, artifact_id: `a${n}` });
const keyOf = (n: number) => jobItemKey(jobIdOf(messageOf(n)));

/** So many jobs whose worker died; their leases have just expired. */
async function deadLeases(count: number): Promise<World> {
  const w = world();
  w.serve(({ method }) => (method === "HEAD" ? answer({}) : new Promise<never>(() => undefined)));
  const noHeartbeat = { ...w.deps, clock: { ...w.deps.clock, every: () => () => undefined } };
  for (let n = 0; n < count; n++) {
    void w.deliver(messageOf(n), undefined, noHeartbeat);
    await settled();
    await w.clock.advance(1);
  }
  await w.clock.advance(LEASE_MS);
  return w;
}

const setState = async (w: World, n: number, state: string) =>
  w.items.write({ key: keyOf(n), when: [[]], set: { state } });
const unreadable = (w: World) =>
  w.events.flatMap((event) => (event.event === "crash_recovery_event" ? [event.unreadable_records] : []));

describe("a reconciler run that meets a record of another release", () => {
  it("recovers the other jobs, sweeps, and reports the record", async () => {
    const w = await deadLeases(3);
    await setState(w, 0, "VERIFYING");
    await w.staging.put(stagingKey(jobIdOf(messageOf(0)), "1"), Buffer.from("kept"), "text/plain");
    expect(await reconcile({ ...w.deps, settings: SETTINGS })).toMatchObject({ recoveredLeases: 2 });
    expect(unreadable(w)).toEqual([1]);
    expect(w.logs.join()).toContain(`The record "${keyOf(0)}" cannot be read: its field state is "VERIFYING"`);
    expect(w.stagedObjects.size).toBe(1);
  });

  it("looks at the record again after the grace, so that it does not take the place of others", async () => {
    const w = await deadLeases(3);
    await setState(w, 0, "VERIFYING");
    const settings = { ...SETTINGS, recoverLimit: 1 };
    for (let run = 0; run < 2; run++) await reconcile({ ...w.deps, settings });
    expect(w.sent).toHaveLength(2);
    await setState(w, 0, "STREAMING");
    expect(await reconcile({ ...w.deps, settings })).toMatchObject({ requeuedJobs: 0 });
    await w.clock.advance(SETTINGS.requeueGraceMs + 1);
    await reconcile({ ...w.deps, settings: SETTINGS });
    expect(w.job(messageOf(0))).toMatchObject({ fence: 2 });
  });

  it("leaves a damaged record as it is, but for the time of the next look", async () => {
    const w = await deadLeases(1);
    await w.items.write({ key: keyOf(0), when: [[]], set: { strikes: "many" } });
    const before = w.items.all.get(keyOf(0));
    await reconcile({ ...w.deps, settings: SETTINGS });
    expect(w.items.all.get(keyOf(0))).toEqual({ ...before, watch_at: w.clock.nowMs() + SETTINGS.requeueGraceMs });
  });
});

describe("a reconciler run in which a call fails", () => {
  const refusing = (message: string) => async (): Promise<never> => Promise.reject(new Error(message));

  it.each([
    [
      "a read",
      keyOf(0),
      (w: World) => ({ items: { ...w.items, read: failFor(async (key: string) => w.items.read(key), keyOf(0)) } }),
    ],
    [
      "a write",
      keyOf(0),
      (w: World) => ({ items: { ...w.items, write: failFor(async (write: Write) => w.items.write(write), keyOf(0)) } }),
    ],
  ] as const)("recovers the other jobs after %s failed, sweeps, and fails at its end", async (_what, key, broken) => {
    const w = await deadLeases(3);
    let sweeps = 0;
    const staging = { ...w.staging, litter: async () => ((sweeps += 1), { found: [] }) };
    await expect(reconcile({ ...w.deps, ...broken(w), staging, settings: SETTINGS })).rejects.toThrow(AggregateError);
    expect([w.sent.length, sweeps]).toEqual([2, 1]);
    expect(w.logs.join()).toContain(`the job ${key} could not be recovered`);
  });

  it("recovers the jobs of the other shards when one shard does not answer", async () => {
    const w = await deadLeases(6);
    const silent = watchShardOf(jobIdOf(messageOf(0)), SHARDS);
    const inOthers = [0, 1, 2, 3, 4, 5].filter((n) => watchShardOf(jobIdOf(messageOf(n)), SHARDS) !== silent);
    const items: typeof w.items = {
      ...w.items,
      watched: async (shard, ...rest) => (shard === silent ? refusing("throttled")() : w.items.watched(shard, ...rest)),
    };
    await expect(reconcile({ ...w.deps, items, settings: SETTINGS })).rejects.toThrow("1 calls of the run failed");
    expect(w.sent).toHaveLength(inOthers.length);
    expect(w.logs.join()).toContain(`shard ${silent} of the watch index could not be read`);
  });

  it("removes the rest of the litter when one removal fails, and moves its cursor on", async () => {
    const w = world();
    w.serve(fileOrigin(Buffer.from("x")));
    await w.deliver();
    for (const attempt of ["7", "8", "9"])
      await w.staging.put(stagingKey(jobIdOf(MESSAGE), attempt), Buffer.from("litter"), "text/plain");
    const staging = {
      ...w.staging,
      delete: failFor(async (key: string) => w.staging.delete(key), stagingKey(jobIdOf(MESSAGE), "7")),
      litter: async () => ({ ...(await w.staging.litter(undefined, 10)), next: "next" }),
    };
    await expect(reconcile({ ...w.deps, staging, settings: SETTINGS })).rejects.toThrow(AggregateError);
    expect([...w.stagedObjects.keys()]).toEqual([stagingKey(jobIdOf(MESSAGE), "7")]);
    expect(w.items.all.get("RECONCILER")).toMatchObject({ cursor: "next" });
  });
});

it("a recovery whose answer was lost sends its message at once", async () => {
  const w = await deadLeases(1);
  const items: typeof w.items = {
    ...w.items,
    // The SDK sends the write again, and its own first write refuses it.
    write: async (write) => {
      await w.items.write(write);
      return w.items.write(write);
    },
  };
  expect(await reconcile({ ...w.deps, items, settings: SETTINGS })).toMatchObject({ recoveredLeases: 1 });
  expect(w.sent).toHaveLength(1);
});

it("no dead lease starves, however small the limit: the longest overdue come first", async () => {
  const w = await deadLeases(40);
  expect(
    new Set(Array.from({ length: 40 }, (_, n) => watchShardOf(jobIdOf(messageOf(n)), SHARDS))).size,
  ).toBeGreaterThan(20);
  const settings = { ...SETTINGS, requeueGraceMs: 3_600_000, recoverLimit: 10 };
  const recovered: string[][] = [];
  for (let run = 0; run < 4; run++) {
    w.sent.length = 0;
    await reconcile({ ...w.deps, settings });
    recovered.push(w.sent.map(({ body }) => (JSON.parse(body) as { artifact_id: string }).artifact_id));
    await w.clock.advance(60_000);
  }
  expect(recovered.flat()).toEqual(Array.from({ length: 40 }, (_, n) => `a${n}`));
});

/** The call, but for one key. */
function failFor<Argument extends string | { readonly key: string }, Result>(
  call: (argument: Argument) => Promise<Result>,
  key: string,
): (argument: Argument) => Promise<Result> {
  return async (argument) => {
    if ((typeof argument === "string" ? argument : argument.key) === key) throw new Error("refused");
    return call(argument);
  };
}
