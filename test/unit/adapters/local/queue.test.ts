import { beforeEach, describe, expect, it } from "vitest";
import { hasDue, localQueue, queueDepth, releaseMessages, type LocalQueue } from "../../../../adapters/local/queue.ts";
import { databaseForEachTest } from "./support.ts";

const VISIBILITY_MS = 1000;
const MOST_RECEIVES = 2;

const opened = databaseForEachTest();
let nowMs = 0;
let mine: LocalQueue;
let others: LocalQueue;

const queueOf = (holder: string): LocalQueue =>
  localQueue(opened.database, {
    clock: { nowMs: () => nowMs },
    holder,
    visibilityMs: VISIBILITY_MS,
    mostReceives: MOST_RECEIVES,
  });

beforeEach(() => {
  nowMs = 10_000;
  mine = queueOf("mine");
  others = queueOf("others");
});

const send = async (...bodies: readonly string[]): Promise<void> =>
  mine.send(bodies.map((body) => ({ body, group: "g" })));
const bodies = async (queue = mine, most = 10): Promise<readonly string[]> =>
  (await queue.receive(most)).map(({ body }) => body);

describe("messages", () => {
  it("are received oldest first, as many as are asked for", async () => {
    await send("a", "b", "c");
    expect(await bodies(mine, 2)).toEqual(["a", "b"]);
    expect(await bodies(mine, 2)).toEqual(["c"]);
  });

  it("that come back are received in the order in which they became visible", async () => {
    await send("a", "b");
    const [a, b] = await mine.receive(2);
    await mine.hideFor(String(b?.id), 0);
    nowMs += 1;
    await mine.hideFor(String(a?.id), 0);
    await send("c");
    expect([await bodies(mine, 1), await bodies(mine, 1), await bodies(mine, 1)]).toEqual([["b"], ["a"], ["c"]]);
  });

  it("that come back go behind those that were visible before, and before those that become visible later", async () => {
    await send("a", "b");
    const [a] = await mine.receive(1);
    await mine.hideFor(String(a?.id), 5);
    nowMs += 4;
    await send("c");
    nowMs += 2;
    await send("d");
    const order: string[] = [];
    for (let received = await bodies(mine, 1); received[0] !== undefined; received = await bodies(mine, 1))
      order.push(received[0]);
    expect(order).toEqual(["b", "c", "a", "d"]);
  });

  it("that are postponed are hidden for so long, and count as never received", async () => {
    await send("a");
    for (let time = 0; time < 2 * MOST_RECEIVES; time++) {
      const [message] = await mine.receive(1);
      expect(message).toMatchObject({ body: "a", receiveCount: 1 });
      if (message) await mine.postpone(message, 4.5);
      nowMs += 4;
      expect(await bodies()).toEqual([]);
      nowMs += 1;
    }
  });

  it("of which so many are visible are told from fewer, and hidden ones do not count", async () => {
    await send("a", "b");
    expect([1, 2, 3].map((least) => hasDue(opened.database, nowMs, least))).toEqual([true, true, false]);
    await mine.receive(1);
    expect(hasDue(opened.database, nowMs, 2)).toBe(false);
  });

  it("are kept back by their delay, to the millisecond", async () => {
    await mine.send([{ body: "later", group: "g", delayMs: 5 }]);
    nowMs += 4;
    expect(await bodies()).toEqual([]);
    nowMs += 1;
    expect(await bodies()).toEqual(["later"]);
  });

  it("are hidden to the millisecond", async () => {
    await send("a");
    await mine.receive(1);
    nowMs += VISIBILITY_MS - 1;
    expect(await bodies()).toEqual([]);
    nowMs += 1;
    expect(await bodies()).toEqual(["a"]);
  });

  it.each([
    [-5, 0],
    [0, 0],
    [0.2, 1],
    [1, 1],
  ])("hidden for %d ms come back after %i whole ones, never before", async (delayMs, afterMs) => {
    await send("a");
    const [message] = await mine.receive(1);
    await mine.hideFor(String(message?.id), delayMs);
    nowMs += afterMs - 1;
    expect(await bodies()).toEqual([]);
    nowMs += 1;
    expect(await bodies()).toEqual(["a"]);
  });

  it("are counted, hidden ones too", async () => {
    await send("a", "b");
    const [message] = await mine.receive(1);
    expect(queueDepth(opened.database)).toBe(2);
    if (message) await mine.delete(message);
    expect(queueDepth(opened.database)).toBe(1);
  });

  it("that were received too often do not keep others waiting", async () => {
    await send("bad");
    for (let receives = 0; receives < MOST_RECEIVES; receives++) {
      const [message] = await mine.receive(1);
      await mine.hideFor(String(message?.id), 0);
    }
    await send("good");
    expect(await bodies()).toEqual(["good"]);
    expect(opened.database.all("SELECT body, reason FROM dead_letters")).toEqual([{ body: "bad", reason: null }]);
    expect(queueDepth(opened.database)).toBe(1);
  });
});

describe("a message that another process received since", () => {
  it("is neither hidden nor deleted by the one that had it before", async () => {
    await send("a");
    const [before] = await mine.receive(1);
    nowMs += VISIBILITY_MS;
    const [since] = await others.receive(1);
    expect(since?.id).toBe(before?.id);
    await mine.hideFor(String(before?.id), 0);
    expect(await bodies(mine)).toEqual([]);
    if (before) await mine.delete(before);
    expect(queueDepth(opened.database)).toBe(1);
    if (since) await others.delete(since);
    expect(queueDepth(opened.database)).toBe(0);
  });
});

describe("when a process dies", () => {
  it("its messages are visible at once, and those of others stay hidden", async () => {
    await send("a", "b");
    await mine.receive(1);
    await others.receive(1);
    releaseMessages(opened.database, "mine", nowMs);
    expect(await bodies(queueOf("next"))).toEqual(["a"]);
  });

  it("messages that are visible already do not wait longer", async () => {
    await send("a");
    await mine.receive(1);
    nowMs += 2 * VISIBILITY_MS;
    await send("b");
    nowMs += 1;
    releaseMessages(opened.database, "mine", nowMs);
    expect(await bodies(queueOf("next"), 1)).toEqual(["a"]);
  });
});
