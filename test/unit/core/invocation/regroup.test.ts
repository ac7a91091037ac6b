import { describe, expect, it } from "vitest";
import { trackedMessage } from "../../../../core/model/message.ts";
import type { ReceivedMessage } from "../../../../core/ports/queue.ts";
import { regroup } from "../../../../core/invocation/regroup.ts";
import { workBatch } from "../../../../core/invocation/work-batch.ts";
import { fileOrigin, MESSAGE, world, type World } from "../../../simulation/world.ts";

const AFTER_MS = 60_000;
const worldWith = (regroupAfterMs = AFTER_MS): World => world({ settings: { regroupAfterMs } });

const delivery = (w: World, fields: Partial<ReceivedMessage> & { readonly ageMs?: number } = {}): ReceivedMessage => {
  const { ageMs = AFTER_MS, ...others } = fields;
  return {
    messageId: "m",
    body: JSON.stringify(MESSAGE),
    receiptHandle: "r",
    receiveCount: 1,
    sentAtMs: w.clock.nowMs() - ageMs,
    ...others,
  };
};

describe("a message without a group that waited for a minute", () => {
  it("is sent again with its host as the group, and says when it was sent first", async () => {
    const w = worldWith();
    const old = delivery(w);
    expect(await regroup(w.deps, [old])).toEqual(new Set([old]));
    expect(w.sent).toEqual([trackedMessage({ ...MESSAGE, sent_at: old.sentAtMs })]);
    expect(w.sent[0]?.group).toBe("origin.example");
  });

  it("is acknowledged by its batch, which works on the others", async () => {
    const w = worldWith();
    w.serve(fileOrigin(Buffer.from("the body")));
    const young = { ...delivery(w, { ageMs: 1 }), messageId: "young" };
    const work = { slots: 2, inbox: undefined, workMs: 60_000, outOfTime: new AbortController().signal };
    expect(await workBatch(w.deps, { ...work, deliveries: [delivery(w), young] })).toEqual(new Set());
    expect([w.sent.length, w.items.all.size > 0]).toEqual([1, true]);
  });

  it("is worked on if the queue refuses it", async () => {
    const w = worldWith();
    const queue = { ...w.deps.queue, send: async () => Promise.reject(new Error("throttled")) };
    expect(await regroup({ ...w.deps, queue }, [delivery(w)])).toEqual(new Set());
    expect(w.logs[0]).toContain("They are worked on.");
  });

  it("stays in the queue if the invocation has no time", async () => {
    const w = worldWith();
    const ended = new AbortController();
    ended.abort(new Error("the invocation ends"));
    const work = { slots: 2, inbox: undefined, workMs: 60_000, outOfTime: ended.signal };
    expect(await workBatch(w.deps, { ...work, deliveries: [delivery(w)] })).toEqual(new Set(["m"]));
    expect(w.sent).toEqual([]);
  });
});

describe("a message is worked on as it is", () => {
  it.each<[string, Partial<ReceivedMessage> & { readonly ageMs?: number }, number?]>([
    ["if it is young: there is no backlog", { ageMs: AFTER_MS - 1 }],
    ["if its producer named a group", { group: "somebody" }],
    ["if it was delivered before", { receiveCount: 2 }],
    ["if a worker sent it, though the queue tells no group", { body: trackedMessage(MESSAGE).body }],
    ["if it is no job", { body: "{}" }],
    ["if the setting is 0", {}, 0],
  ])("%s", async (_, fields, regroupAfterMs) => {
    const w = worldWith(regroupAfterMs);
    expect(await regroup(w.deps, [delivery(w, fields)])).toEqual(new Set());
    expect(w.sent).toEqual([]);
  });
});
