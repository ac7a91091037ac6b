import { describe, expect, it } from "vitest";
import { listItemKey } from "../../../../core/lists/list-record.ts";
import { ListsWorld, urlsOf } from "./support.ts";

const TEN = urlsOf(10);

describe("the lease on a list", () => {
  it("keeps a second run away while the first one works", async () => {
    const w = new ListsWorld();
    w.put("urls.txt", TEN.join("\n"));
    let second: unknown;
    const { sendBatch } = w;
    w.sendBatch = async (entries) => {
      second ??= await w.run();
      return sendBatch(entries);
    };
    await w.run();
    expect(second).toEqual({ found: 0, expanded: 0 });
    expect(w.sent).toHaveLength(10);
  });

  it("is seen in the record, when the index has not heard of it yet", async () => {
    const w = new ListsWorld();
    const id = w.put("urls.txt", TEN.join("\n"));
    const stale = async () => Promise.resolve([{ key: listItemKey(id), watchAtMs: 0 }]);
    let second: unknown;
    const { sendBatch } = w;
    w.sendBatch = async (entries) => {
      second ??= await w.run({ items: { ...w.deps.items, watched: stale } });
      return sendBatch(entries);
    };
    expect(await w.run()).toEqual({ found: 1, expanded: 1 });
    expect(second).toEqual({ found: 0, expanded: 0 });
    expect(w.sent).toHaveLength(10);
  });

  it("stays when another run finds the list at the same time, and records it later", async () => {
    const w = new ListsWorld();
    w.put("urls.txt", TEN.join("\n"));
    const { items } = w.deps;
    let isFirst = true;
    const readMany: typeof items.readMany = async (keys) => {
      const found = await items.readMany(keys);
      if (isFirst) {
        isFirst = false;
        await w.run({ known: new Set() });
      }
      return found;
    };
    await w.run({ items: { ...items, readMany } });
    await w.runs(3);
    expect(w.sent).toHaveLength(10);
  });

  it("is renewed by work that saves nothing for long", async () => {
    const w = new ListsWorld();
    w.put("urls.txt", [...Array.from({ length: 400 }, (_, n) => `# ${n}`), ...TEN].join("\n"));
    let seconds = 0;
    let others = 0;
    w.onChunk = async () => {
      await w.world.clock.advance(10_000);
      seconds += 10;
      const ended = await w.run({ ...w.deps, expandsForMs: 1 });
      if (!(ended instanceof Error) && ended.expanded > 0) others += 1;
    };
    await w.run();
    expect(seconds).toBeGreaterThan(120);
    expect(others).toBe(0);
    expect(w.sent).toHaveLength(10);
  });

  it("is taken by another run when its holder has died, and the holder's writes are refused from then on", async () => {
    const w = new ListsWorld();
    const id = w.put("urls.txt", TEN.join("\n"));
    const { sendBatch } = w;
    w.sendBatch = async (entries) => {
      w.sendBatch = sendBatch;
      // Frozen for longer than its lease lasts.
      await w.world.clock.advance(121_000);
      await w.run();
      return sendBatch(entries);
    };
    // The loser does nothing else, and that is no failure.
    expect(await w.run()).toEqual({ found: 1, expanded: 0 });
    expect(w.list(id)).toMatchObject({ phase: "sent" });
    expect(new Set(w.urls)).toEqual(new Set(TEN));
    expect(w.sent).toHaveLength(13);
  });
});
