import { describe, expect, it } from "vitest";
import { expandLists, type ExpanderDeps } from "../../../../core/lists/expand-lists.ts";
import type { BusEvent } from "../../../../core/ports/announcement-bus.ts";
import { sleepBy } from "../../../../core/lists/sleep.ts";
import { Dice } from "../../../simulation/services/time.ts";
import { ListsWorld, urlsOf } from "./support.ts";

type How = "before" | "after";

const GOOD = urlsOf(8);
const LINES = GOOD.flatMap((url, n) => (n % 3 === 0 ? [url, "not a URL"] : [url]));

type Call<Args extends unknown[], Answer> = (...args: Args) => Promise<Answer>;
type Wrap = <Args extends unknown[], Answer>(call: Call<Args, Answer>) => Call<Args, Answer>;

/** All that the expander can do to the world. */
function wrapped(deps: ExpanderDeps, wrap: Wrap): ExpanderDeps {
  const { bus, files, items, lists, sendBatch } = deps;
  return {
    ...deps,
    known: new Set(),
    bus: bus && { publish: wrap(async (events: readonly BusEvent[]) => bus.publish(events)) },
    files: {
      read: wrap(async (key: string) => files.read(key)),
      write: wrap(async (...args: Parameters<typeof files.write>) => files.write(...args)),
    },
    items: {
      read: wrap(items.read),
      readMany: wrap(items.readMany),
      watched: wrap(items.watched),
      write: wrap(items.write),
    },
    lists: { ...lists, wishes: wrap(async (list: Parameters<typeof lists.wishes>[0]) => lists.wishes(list)) },
    sendBatch: wrap(async (entries: Parameters<typeof sendBatch>[0]) => sendBatch(entries)),
  };
}

/** The nth call of all calls fails: before it takes effect, or after. From then on all do: the process is dead. */
function dying(deps: ExpanderDeps, nth: number, how: How): { readonly deps: ExpanderDeps; calls: number } {
  const counted = { calls: 0, deps };
  counted.deps = wrapped(deps, (call) => async (...args) => {
    counted.calls += 1;
    if (counted.calls > nth || (counted.calls === nth && how === "before")) throw new Error("crash");
    const answer = await call(...args);
    if (counted.calls >= nth) throw new Error("crash");
    return answer;
  });
  return counted;
}

interface Both {
  readonly w: ListsWorld;
  readonly used: string;
  readonly refused: string;
}

function bothLists(): Both {
  const w = new ListsWorld();
  const used = w.put("used.txt", LINES.join("\n"), { "skip-invalid": "yes" });
  return { w, used, refused: w.put("refused.txt", LINES.join("\n")) };
}

describe("the expansion of lists", () => {
  it("loses no job and makes one whole batch, whichever call a crash follows or precedes", async () => {
    const { refused, used, w: undisturbed } = bothLists();
    const counted = dying(undisturbed.deps, Number.POSITIVE_INFINITY, "before");
    await undisturbed.run(counted.deps);
    expect(counted.calls).toBeGreaterThan(25);
    const truth = { lines: await undisturbed.lines(used), list: undisturbed.list(used)?.cursor };
    expect(truth.lines).toHaveLength(8);
    const [told] = undisturbed.told;
    expect(told).toMatchObject({ id: refused, reason: expect.stringMatching(/^3 problems/) as string });
    for (let nth = 1; nth <= counted.calls; nth++)
      for (const how of ["before", "after"] as const) {
        const { w } = bothLists();
        await w.run(dying(w.deps, nth, how).deps);
        await w.runs(5);
        expect(new Set(w.urls), `${how} ${nth}`).toEqual(new Set(GOOD));
        expect(await w.lines(used), `${how} ${nth}`).toEqual(truth.lines);
        expect(w.batch(used), `${how} ${nth}`).toMatchObject({ lines: 8, files: 3, revision: 1 });
        expect(w.list(used)?.cursor, `${how} ${nth}`).toEqual(truth.list);
        expect([w.list(used)?.phase, w.list(refused)?.phase], `${how} ${nth}`).toEqual(["sent", "refused"]);
        expect([w.list(used)?.watchAtMs, w.list(refused)?.watchAtMs], `${how} ${nth}`).toEqual([undefined, undefined]);
        expect(w.batch(refused), `${how} ${nth}`).toBeUndefined();
        expect(w.told.length, `${how} ${nth}`).toBeGreaterThanOrEqual(1);
        for (const each of w.told)
          expect(each, `${how} ${nth}`).toMatchObject({ id: refused, problems: told?.problems });
      }
  });

  it("loses no job with runs that overlap, are frozen for longer than their lease, and die at any call", async () => {
    const { used: id, w: undisturbed } = bothLists();
    await undisturbed.run();
    const lines = await undisturbed.lines(id);
    let [deaths, freezes, twice] = [0, 0, 0];
    for (let seed = 1; seed <= 150; seed++) {
      const { refused, used, w } = bothLists();
      const dice = new Dice(seed);
      const waited = sleepBy(w.world.clock);
      const slowly =
        <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
        async (...args: Args) => {
          const isFrozen = dice.between(1, 25) === 1;
          if (isFrozen) freezes += 1;
          await waited(isFrozen ? 150_000 : dice.between(1, 9_000));
          return call(...args);
        };
      const runs = Array.from({ length: 15 }, async (_, nth) => {
        await waited(nth * 60_000);
        const struck = dying(w.deps, dice.between(1, 60), dice.between(0, 1) === 0 ? "before" : "after");
        const ended = await expandLists(wrapped(struck.deps, slowly)).catch((error: unknown) => error);
        if (ended instanceof Error) deaths += 1;
      });
      await w.world.clock.advance(3_600_000);
      await Promise.all(runs);
      await w.runs(5);
      const what = { seed };
      expect({ ...what, urls: new Set(w.urls) }).toEqual({ ...what, urls: new Set(GOOD) });
      expect({ ...what, lines: await w.lines(used) }).toEqual({ ...what, lines });
      expect({ ...what, ...w.batch(used) }).toMatchObject({ ...what, lines: 8, files: 3, revision: 1 });
      expect({ ...what, ...w.list(used) }).toMatchObject({ ...what, phase: "sent", cursor: { lines: 8, invalid: 3 } });
      expect([w.list(used)?.watchAtMs, w.list(refused)?.watchAtMs], `${seed}`).toEqual([undefined, undefined]);
      expect(new Set(w.told.map((each) => each.id)), `${seed}`).toEqual(new Set([refused]));
      if (w.sent.length > GOOD.length) twice += 1;
    }
    expect(Math.min(deaths, freezes, twice)).toBeGreaterThan(20);
  });

  it("goes on after a write whose answer was lost", async () => {
    const { used, w } = bothLists();
    const { items } = w.deps;
    let writes = 0;
    const write: typeof items.write = async (each) => {
      const answer = await items.write(each);
      // The SDK repeats such a write, which is then refused by what it has written itself.
      return (writes += 1) % 2 === 0 ? items.write(each) : answer;
    };
    await w.run({ items: { ...items, write } });
    expect(w.list(used)).toMatchObject({ phase: "sent" });
    expect(w.sent).toHaveLength(8);
  });
});
