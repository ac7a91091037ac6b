import { describe, expect, it } from "vitest";
import { decodeList, listItemKey, writeList } from "../../../../core/lists/list-record.ts";
import { stopSending } from "../../../../core/lists/stop-sending.ts";
import { present } from "../../../../core/model/present.ts";
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

describe("stopping to send a list", () => {
  async function interrupted() {
    const w = new ListsWorld();
    const id = w.put("urls.txt", TEN.join("\n"));
    w.sendBatch = async () => Promise.reject(new Error("the queue is down"));
    await w.run();
    const seen = () => decodeList(present(w.world.items.all.get(listItemKey(id)), "the list"));
    return { w, id, seen };
  }

  it("is repeated if somebody has written the list meanwhile", async () => {
    const { id, seen, w } = await interrupted();
    const { items } = w.deps;
    let others = 2;
    const write: typeof items.write = async (each) => {
      if (others-- > 0) await items.write(writeList(seen(), { ...seen(), filesSent: 2 - others }, `other ${others}`));
      return items.write(each);
    };
    expect(await stopSending({ ...w.deps, items: { ...items, write } }, id)).toBe(true);
    expect(seen()).toMatchObject({ phase: "sent", filesSent: 2 });
    expect(seen()).not.toHaveProperty("watchAtMs");
    expect(await stopSending(w.deps, id)).toBe(false);
  });

  it("knows its own write when the answer to it was lost", async () => {
    const { id, seen, w } = await interrupted();
    const { items } = w.deps;
    const write: typeof items.write = async (each) => {
      await items.write(each);
      return items.write(each);
    };
    expect(await stopSending({ ...w.deps, items: { ...items, write } }, id)).toBe(true);
    expect(seen().phase).toBe("sent");
  });

  it("gives up on a list that is written again and again, and says what to do", async () => {
    const { id, w } = await interrupted();
    const write = async () =>
      Promise.resolve({ applied: false as const, item: w.world.items.all.get(listItemKey(id)) });
    const stopping = stopSending({ ...w.deps, items: { ...w.deps.items, write } }, id);
    await expect(stopping).rejects.toThrow(/was written 20 times .* Cancel its batch again/);
  });
});
