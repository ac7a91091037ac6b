import { describe, expect, it } from "vitest";
import type { BusEvent } from "../../../../core/ports/announcement-bus.ts";
import type { FollowerDeps } from "../../../../core/batches/follow-batches.ts";
import { BatchWorld } from "./support.ts";

const FILES = [[1, 5], [2, 10], [3]] as const;
const TRUTH = { lines: 5, indexed: 1, deduped: 2, failed: 2, reasons: { http_404: 2 } };

type How = "before" | "after";

/** The nth call of all of the follower's calls fails: before it takes effect, or after. */
function failing(deps: FollowerDeps, nth: number, how: How): { readonly deps: FollowerDeps; calls: number } {
  const counted = { calls: 0, deps };
  const strike =
    <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
    async (...args: Args) => {
      counted.calls += 1;
      const isStruck = counted.calls === nth;
      if (isStruck && how === "before") throw new Error("crash");
      const answer = await call(...args);
      if (isStruck) throw new Error("crash");
      return answer;
    };
  const { bus, files, items } = deps;
  counted.deps = {
    ...deps,
    bus: bus && { publish: strike(async (events: readonly BusEvent[]) => bus.publish(events)) },
    files: {
      read: strike(async (key: string) => files.read(key)),
      write: strike(async (...args: Parameters<typeof files.write>) => files.write(...args)),
    },
    items: {
      read: strike(items.read),
      readMany: strike(items.readMany),
      watched: strike(items.watched),
      write: strike(items.write),
    },
  };
  return counted;
}

const batchOfAll = async (): Promise<BatchWorld> => {
  const b = new BatchWorld();
  await b.submit(...FILES);
  await b.work(...FILES.flat());
  return b;
};

describe("the follower of batches", () => {
  it("counts exactly, and tells at least once under the same id, whichever call a crash follows or precedes", async () => {
    const undisturbed = await batchOfAll();
    const counted = failing(undisturbed.deps, Number.POSITIVE_INFINITY, "before");
    await undisturbed.follow(1, counted.deps);
    expect(undisturbed.told).toMatchObject([TRUTH]);
    expect(counted.calls).toBeGreaterThan(30);
    for (let nth = 1; nth <= counted.calls; nth++)
      for (const how of ["before", "after"] as const) {
        const b = await batchOfAll();
        await b.follow(1, failing(b.deps, nth, how).deps);
        await b.follow(3);
        expect(b.told.length, `${how} ${nth}`).toBeGreaterThanOrEqual(1);
        for (const each of b.told) expect(each, `${how} ${nth}`).toMatchObject(TRUTH);
        expect(new Set(b.told.map(({ id }) => id)).size).toBe(1);
        expect([b.record.phase, b.record.watchAtMs], `${how} ${nth}`).toEqual(["ended", undefined]);
        expect(b.rows()).toEqual(undisturbed.rows());
      }
  });

  it("counts exactly with two runs at once, however their calls interleave", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const b = await batchOfAll();
      let state = seed;
      const slowly =
        <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
        async (...args: Args) => {
          state = (state * 48_271) % 2_147_483_647;
          for (let turn = state % 7; turn > 0; turn--) await Promise.resolve();
          return call(...args);
        };
      const { bus, items } = b.deps;
      const deps: FollowerDeps = {
        ...b.deps,
        bus: bus && { publish: slowly(async (events: readonly BusEvent[]) => bus.publish(events)) },
        items: {
          read: slowly(items.read),
          readMany: slowly(items.readMany),
          watched: slowly(items.watched),
          write: slowly(items.write),
        },
      };
      await Promise.all([b.follow(1, deps), b.follow(1, deps)]);
      await b.follow(2);
      for (const each of b.told) expect({ seed, ...each }).toMatchObject(TRUTH);
      expect(b.told.length).toBeGreaterThanOrEqual(1);
    }
  });
});
