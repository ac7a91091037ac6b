import { describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey, watchShardOf } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { takeLease } from "../../../../core/model/protocol.ts";
import { releaseLeases } from "../../../../core/recovery/release-leases.ts";
import { MESSAGE, world, type World } from "../../../simulation/world.ts";

const WATCH_SHARDS = 64;
const SETTINGS = { requeueGraceMs: 5_000 };
const everybody = { isDead: () => true, mayBeTheJobs: false };

const messageOf = (artifact: number): JobMessage => ({ ...MESSAGE, artifact_id: `artifact-${artifact}` });

async function lease(w: World, message: JobMessage, owner: string): Promise<void> {
  const nowMs = w.clock.nowMs();
  const request = {
    jobId: jobIdOf(message),
    message,
    owner,
    nowMs,
    ttlMs: 30_000,
    headKey: "key-of-HEAD",
    watchShards: WATCH_SHARDS,
  };
  expect((await w.deps.items.write(takeLease(request))).applied).toBe(true);
}

/** Jobs in many shards of the watch index: `alive/0`, `dead/1`, `alive/2`, ... hold one each. */
async function leasedJobs(w: World, count: number): Promise<readonly JobMessage[]> {
  const messages = Array.from({ length: count }, (_, index) => messageOf(index));
  for (const [index, message] of messages.entries())
    await lease(w, message, `${index % 2 === 0 ? "alive" : "dead"}/${index}`);
  expect(new Set(messages.map((message) => watchShardOf(jobIdOf(message), WATCH_SHARDS))).size).toBeGreaterThan(30);
  return messages;
}

const depsOf = (w: World) => ({ ...w.deps, settings: SETTINGS });
const damage = async (w: World, message: JobMessage): Promise<void> => {
  const key = jobItemKey(jobIdOf(message));
  await w.deps.items.write({ key, when: [[{ attribute: "pk", is: "=", than: key }]], set: { state: "ODD" } });
};

describe("releasing the leases of the dead", () => {
  it("takes away those that dead owners hold, in all shards, and no others", async () => {
    const w = world();
    const messages = await leasedJobs(w, 60);
    const released = await releaseLeases(depsOf(w), { ...everybody, isDead: (owner) => owner.startsWith("dead/") });
    expect(released).toBe(30);
    for (const [index, message] of messages.entries()) {
      const isAlive = index % 2 === 0;
      expect(w.job(message)).toMatchObject({ fence: isAlive ? 1 : 2 });
      expect(w.job(message)?.leaseOwner).toBe(isAlive ? `alive/${index}` : undefined);
    }
    expect(w.sent).toEqual([]);
  });

  it.each([
    ["charges nothing if the whole run died", false, { attempts: 0, strikes: 0 }],
    ["charges the attempt if the job may have killed its worker", true, { attempts: 1, strikes: 1 }],
  ])("%s", async (_what, mayBeTheJobs, charged) => {
    const w = world();
    await lease(w, MESSAGE, "dead/1");
    expect(await releaseLeases(depsOf(w), { isDead: () => true, mayBeTheJobs })).toBe(1);
    expect(w.job()).toMatchObject({ ...charged, availableAtMs: 0, operations: { HEAD: { status: "ABANDONED" } } });
  });

  it("does so long before the leases expire, and watches the jobs after the grace", async () => {
    const w = world();
    await lease(w, MESSAGE, "dead/1");
    await releaseLeases(depsOf(w), everybody);
    const shard = watchShardOf(jobIdOf(MESSAGE), WATCH_SHARDS);
    const [watched] = await w.deps.items.watched(shard, Number.MAX_SAFE_INTEGER, 10);
    expect(watched?.watchAtMs).toBe(w.clock.nowMs() + SETTINGS.requeueGraceMs);
  });

  it("leaves jobs alone that nobody holds", async () => {
    const w = world();
    w.serve(() => Promise.reject(new Error("odd")));
    await w.deliver();
    const before = w.job();
    expect(before?.leaseOwner).toBeUndefined();
    expect(await releaseLeases(depsOf(w), everybody)).toBe(0);
    expect(w.job()).toEqual(before);
  });

  it("does not count a lease that somebody else took away meanwhile", async () => {
    const w = world();
    await lease(w, MESSAGE, "dead/1");
    const { items } = w.deps;
    const deps = {
      ...depsOf(w),
      items: {
        ...items,
        read: async (key: string) => {
          const seen = await items.read(key);
          await releaseLeases(depsOf(w), everybody);
          return seen;
        },
      },
    };
    expect(await releaseLeases(deps, everybody)).toBe(0);
    expect(w.job()?.fence).toBe(2);
  });

  it("goes on after a record that cannot be read, and logs it", async () => {
    const w = world();
    const messages = await leasedJobs(w, 60);
    for (const message of messages.slice(0, 10)) await damage(w, message);
    expect(await releaseLeases(depsOf(w), everybody)).toBe(50);
    expect(w.logs.filter((line) => line.includes("its lease is not released"))).toHaveLength(10);
  });

  it("fails if the records cannot be written", async () => {
    const w = world();
    await lease(w, MESSAGE, "dead/1");
    const write = async () => Promise.reject(new Error("disk full"));
    const deps = { ...depsOf(w), items: { ...w.deps.items, write } };
    await expect(releaseLeases(deps, everybody)).rejects.toThrow("disk full");
  });
});
