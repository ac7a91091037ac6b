import { describe, expect, it } from "vitest";
import type { Inbox, ReceivedMessage } from "../../../../core/ports/queue.ts";
import { workBatch } from "../../../../core/invocation/work-batch.ts";
import { answer, fileOrigin, MESSAGE, settled, world, type World } from "../../../simulation/world.ts";

const delivery = (name: string): ReceivedMessage => ({
  messageId: name,
  body: JSON.stringify({ ...MESSAGE, artifact_id: name, url: `https://origin.example/${name}` }),
  receiptHandle: `receipt-${name}`,
  receiveCount: 1,
  sentAtMs: 0,
});

interface Fake extends Inbox {
  readonly deleted: string[];
  /** When it was asked, in ms from its making, and for how many. */
  readonly asked: (readonly [number, number])[];
}

/** The names are handed out in turn. */
function inboxOf({ clock }: World, names: readonly string[]): Fake {
  const left = [...names];
  const startMs = clock.nowMs();
  const deleted: string[] = [];
  const asked: (readonly [number, number])[] = [];
  return {
    deleted,
    asked,
    receive: async (most) => {
      asked.push([clock.nowMs() - startMs, most]);
      return left.splice(0, most).map(delivery);
    },
    delete: async (receipts) => void deleted.push(...receipts),
  };
}

const WORK_MS = 60_000;

/** `/silent-...` says nothing, `/busy-...` is tried again, and the rest is well. */
function withOrigin(): World {
  const w = world({ settings: { leaseTtlMs: 600_000 } });
  const file = fileOrigin(Buffer.from("the body"));
  w.serve(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/silent"))
      return new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason as Error), { once: true });
      });
    return pathname.startsWith("/busy") ? answer({ status: 503 }) : file(request);
  });
  return w;
}

function begin(w: World, names: readonly string[], inbox: Inbox | undefined, slots = 2) {
  const outOfTime = new AbortController();
  const deliveries = names.map(delivery);
  const returned = workBatch(w.deps, { deliveries, slots, inbox, workMs: WORK_MS, outOfTime: outOfTime.signal });
  return { returned, outOfTime };
}
const states = (w: World): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    [...w.items.all.values()].flatMap((item) =>
      typeof item["artifact_id"] === "string" ? [[item["artifact_id"], item["state"]]] : [],
    ),
  );

describe("a batch", () => {
  it("that nothing holds takes no further message", async () => {
    const w = withOrigin();
    const inbox = inboxOf(w, ["c"]);
    expect(await begin(w, ["a", "b"], inbox).returned).toEqual(new Set());
    expect([inbox.asked, inbox.deleted]).toEqual([[], []]);
  });

  it("that a silent origin holds takes others after 500 ms, works on them, and deletes them when they are done", async () => {
    const w = withOrigin();
    const inbox = inboxOf(w, ["c", "d", "e"]);
    const { outOfTime, returned } = begin(w, ["a", "silent-b"], inbox);
    await w.clock.advance(499);
    expect(inbox.asked).toEqual([]);
    await w.clock.advance(1_500);
    expect(inbox.asked[0]).toEqual([500, 3]);
    expect(states(w)).toMatchObject({ a: "INDEXED", c: "DEDUPED", d: "DEDUPED", e: "DEDUPED" });
    expect(inbox.deleted.toSorted()).toEqual(["receipt-c", "receipt-d", "receipt-e"]);
    outOfTime.abort(new Error("the invocation ends"));
    await settled();
    await w.clock.advance(1_000);
    expect(await returned).toEqual(new Set());
  });

  it("looks once a second for further messages, while there are none", async () => {
    const w = withOrigin();
    const inbox = inboxOf(w, []);
    const { outOfTime, returned } = begin(w, ["silent-a"], inbox, 1);
    await w.clock.advance(4_000);
    expect(inbox.asked.map(([atMs]) => atMs)).toEqual([500, 1_500, 2_500, 3_500]);
    outOfTime.abort(new Error("the invocation ends"));
    await returned;
  });

  it("takes none in the last third of its time", async () => {
    const w = withOrigin();
    const inbox = inboxOf(w, []);
    const { outOfTime, returned } = begin(w, ["silent-a"], inbox, 1);
    await w.clock.advance(WORK_MS);
    expect(Math.max(...inbox.asked.map(([atMs]) => atMs))).toBeLessThan((WORK_MS * 2) / 3);
    outOfTime.abort(new Error("the invocation ends"));
    await returned;
  });

  it("works on four deliveries for each slot at most, however many are silent", async () => {
    const w = withOrigin();
    const inbox = inboxOf(
      w,
      Array.from({ length: 50 }, (_, n) => `silent-${n}`),
    );
    const { outOfTime, returned } = begin(w, ["silent-a", "silent-b"], inbox);
    await w.clock.advance(20_000);
    expect(w.requests).toHaveLength(8);
    outOfTime.abort(new Error("the invocation ends"));
    await returned;
  });

  it("works on its own messages as slots become free", async () => {
    const w = withOrigin();
    await begin(w, ["a", "b", "c", "d", "e"], undefined, 2).returned;
    expect(Object.keys(states(w))).toHaveLength(5);
    expect(Object.values(states(w)).filter((state) => state !== "DEDUPED")).toEqual(["INDEXED"]);
  });

  it("goes on if the queue fails: what was not deleted comes back", async () => {
    const w = withOrigin();
    let failures = 0;
    const failing = async (): Promise<never> => {
      failures += 1;
      throw new Error("ServiceUnavailable");
    };
    const working = inboxOf(w, ["c"]);
    const inbox: Inbox = {
      receive: async (most) => (failures === 0 ? failing() : working.receive(most)),
      delete: failing,
    };
    const { outOfTime, returned } = begin(w, ["silent-a"], inbox, 1);
    await w.clock.advance(3_000);
    expect(states(w)).toMatchObject({ c: "INDEXED" });
    expect(failures).toBeGreaterThan(1);
    outOfTime.abort(new Error("the invocation ends"));
    expect(await returned).toEqual(new Set());
  });

  it("gives back a further message whose job cannot be leased: it is not deleted, and none of the batch's own", async () => {
    const w = withOrigin();
    const { items } = w.deps;
    const write: typeof items.write = async (each) => {
      if (each.key.startsWith("JOB#") && JSON.stringify(each).includes('"c"')) throw new Error("ThrottlingException");
      return items.write(each);
    };
    const inbox = inboxOf(w, ["c"]);
    const outOfTime = new AbortController();
    const batch = { deliveries: [delivery("silent-a")], slots: 1, inbox, workMs: WORK_MS, outOfTime: outOfTime.signal };
    const returned = workBatch({ ...w.deps, items: { ...items, write } }, batch);
    await w.clock.advance(1_500);
    expect(w.hidden).toHaveLength(1);
    outOfTime.abort(new Error("the invocation ends"));
    expect([await returned, inbox.deleted]).toEqual([new Set(), []]);
  });
});
