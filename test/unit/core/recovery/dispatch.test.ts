/** Jobs that wait for longer than a new message can: their records bring them back. */
import { describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import { trackedMessage } from "../../../../core/model/message.ts";
import { DISPATCH_AHEAD_MS, LONGEST_DELAY_MS } from "../../../../core/model/waiting.ts";
import { postponeWatch } from "../../../../core/model/recovery-protocol.ts";
import {
  answer,
  fileOrigin,
  MESSAGE,
  world,
  type World,
  type WorldOptions,
  writingBy,
} from "../../../simulation/world.ts";
import { eventsOf, SMALL } from "../support.ts";

const HOUR_MS = 3_600_000;

/** A job whose origin asked for a wait. Up to a tenth, here half of that, is added to it. */
async function askedToWait(seconds: number, options: WorldOptions = {}): Promise<World> {
  const w = world(options);
  w.serve(() => answer({ status: 503, headers: { "retry-after": String(seconds) } }));
  expect(await w.deliver()).toBe("acknowledge");
  return w;
}

describe("a job that waits for longer than a message can be delayed", () => {
  const availableInMs = HOUR_MS + 30_000;

  it("gets no message, and is watched from before its time on", async () => {
    const w = await askedToWait(3600);
    expect([w.sent, w.hidden]).toEqual([[], []]);
    const { available_at, watch_at } = w.items.all.get(jobItemKey(jobIdOf(MESSAGE))) ?? {};
    expect(Number(available_at) - w.clock.nowMs()).toBe(availableInMs);
    expect(Number(available_at) - Number(watch_at)).toBe(DISPATCH_AHEAD_MS);
  });

  it("is sent a message before its time, which the queue keeps back to the second", async () => {
    const w = await askedToWait(3600);
    await w.clock.advance(availableInMs - DISPATCH_AHEAD_MS - 1);
    await w.reconcile();
    expect(w.sent).toEqual([]);
    await w.clock.advance(40_000);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 0, recoveredLeases: 0 });
    expect(w.sent).toEqual([trackedMessage(MESSAGE, DISPATCH_AHEAD_MS - 39_999)]);
    expect(w.job()).toMatchObject({ fence: 1, attempts: 1 });
    expect(eventsOf(w, "crash_recovery_event").at(-1)).toMatchObject({ recovered_leases: 0 });
    await w.reconcile();
    expect(w.sent).toHaveLength(1);
  });

  it("goes on when that message comes", async () => {
    const w = await askedToWait(3600);
    await w.clock.advance(availableInMs - 60_000);
    await w.reconcile();
    await w.clock.advance(60_000);
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", fence: 2, attempts: 2 });
  });

  it("is revived after the grace if the message was lost", async () => {
    const w = await askedToWait(3600);
    await w.clock.advance(availableInMs - 60_000);
    await w.reconcile();
    await w.clock.advance(60_000 + w.deps.settings.requeueGraceMs + 1);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 1 });
    expect(w.sent).toHaveLength(2);
  });

  it("is not brought back by a second delivery of its old message", async () => {
    const w = await askedToWait(3600);
    await w.clock.advance(HOUR_MS / 2);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.sent).toEqual([]);
    expect(w.job()).toMatchObject({ attempts: 1 });
  });

  it("is dispatched once if the answer to the write was lost", async () => {
    let losesAnswer = false;
    const wrap = writingBy(async (pass) => {
      if (losesAnswer) await pass();
      return pass();
    });
    const w = await askedToWait(3600, { wrap });
    await w.clock.advance(availableInMs - 60_000);
    losesAnswer = true;
    await w.reconcile();
    expect(w.sent).toHaveLength(1);
  });

  it("is not dispatched if somebody took it in the meantime", async () => {
    const w = await askedToWait(3600);
    await w.clock.advance(availableInMs - 60_000);
    const { items } = w.deps;
    const deps = {
      ...w.deps,
      items: {
        ...items,
        read: async (key: string) => {
          const before = await items.read(key);
          await w.clock.advance(60_000);
          w.serve(fileOrigin(SMALL));
          await w.deliver();
          return before;
        },
      },
    };
    await w.reconcile(deps);
    expect(w.sent).toEqual([]);
  });
});

it("a job that waits as long as a message can be delayed gets a message", async () => {
  const w = await askedToWait(870);
  expect(w.sent).toEqual([trackedMessage(MESSAGE, LONGEST_DELAY_MS)]);
});

it("a waiting job of the release before, which is watched after its time, gets another delayed message", async () => {
  const w = await askedToWait(3600);
  const key = jobItemKey(jobIdOf(MESSAGE));
  const { available_at, watch_at } = w.items.all.get(key) ?? {};
  const afterMs = Number(available_at) + w.deps.settings.requeueGraceMs;
  await w.items.write(postponeWatch(key, Number(watch_at), afterMs));
  expect(await w.deliver()).toBe("acknowledge");
  // The queue cuts the delay to what it can keep back.
  expect(w.sent).toEqual([trackedMessage(MESSAGE, Number(available_at) - w.clock.nowMs())]);
});
