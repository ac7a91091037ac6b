import { describe, expect, it } from "vitest";
import type { Queue } from "../../../../core/ports/queue.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, world, type Origin, type World } from "../../../simulation/world.ts";
import { LARGE, leavesNoLitter, sha256Of } from "../support.ts";

const SHORT_LANE_MS = 20_000;
const PACE = { leastBytesPerSecond: 1, overMs: 60_000, partMs: Number.POSITIVE_INFINITY };
const short = (longFromBytes: number) => ({
  settings: { shortLane: { longFromBytes, shortLaneMs: SHORT_LANE_MS }, pace: PACE },
});
const BY_LENGTH = short(LARGE.length);
const BY_TIME = short(LARGE.length + 1);

/** A worker of the long lane, on the same services. */
const longLane = ({ deps }: World) => ({ ...deps, settings: { ...deps.settings, shortLane: undefined } });

const inLongLane = async (w: World): Promise<unknown> => {
  await w.clock.advance(1);
  return w.deliver(w.sent.at(-1)?.body, undefined, longLane(w));
};

/** Sends `bytes`, and then a byte after each pause. */
const pausing =
  (w: World, body: Buffer, bytes: number, pauseMs: number): Origin =>
  async (request) => {
    const response = await fileOrigin(body)(request);
    if (request.method === "HEAD") return response;
    const pieces = async function* (): AsyncIterable<Uint8Array> {
      yield body.subarray(0, bytes);
      for (let at = bytes; at < body.length; at++) {
        await w.clock.advance(pauseMs);
        request.signal.throwIfAborted();
        yield body.subarray(at, at + 1);
      }
    };
    return { ...response, body: pieces() };
  };

describe("a worker of the short lane", () => {
  it("hands over what HEAD shows to be long, uncharged, and asks for none of it", async () => {
    const w = world(BY_LENGTH);
    w.serve(fileOrigin(LARGE));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.requests.map(({ method }) => method)).toEqual(["HEAD"]);
    expect(w.job()).toMatchObject({ isLong: true, state: "STREAMING", attempts: 0, strikes: 0, hops: 0 });
    expect(w.sent).toMatchObject([{ lane: "long", group: "origin.example" }]);
    expect(await inLongLane(w)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1, transfer: { sha256: sha256Of(LARGE) } });
    expect(w.requests.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
    leavesNoLitter(w);
  });

  it("hands over what GET shows to be long, if HEAD shows nothing", async () => {
    const w = world(BY_LENGTH);
    w.serve((request) => (request.method === "HEAD" ? answer({ status: 405 }) : fileOrigin(LARGE)(request)));
    await w.deliver();
    expect(w.job()).toMatchObject({ isLong: true });
    expect(w.uploads.size).toBe(0);
  });

  it("keeps what is one byte shorter", async () => {
    const w = world(BY_LENGTH);
    w.serve(fileOrigin(LARGE.subarray(1)));
    await w.deliver();
    expect(w.job()?.state).toBe("INDEXED");
    expect(w.job()?.isLong).toBeUndefined();
  });

  it("asks for a long file that was stored before, and keeps it if nothing has changed", async () => {
    const w = world(BY_LENGTH);
    w.serve(fileOrigin(LARGE));
    await w.deliver();
    await inLongLane(w);
    w.serve((request) => (request.method === "HEAD" ? fileOrigin(LARGE)(request) : answer({ status: 304 })));
    const refresh = { ...MESSAGE, refresh: "again" };
    expect(await w.deliver(refresh)).toBe("acknowledge");
    expect(w.job(refresh)?.isLong).toBeUndefined();
    expect(w.job(refresh)?.transfer).toMatchObject({ isUnchanged: true });
  });

  it("hands over a body that still comes after the lane's time, with its checkpoint", async () => {
    const w = world(BY_TIME);
    w.serve(pausing(w, LARGE, PART_BYTES, 900));
    await w.deliver();
    expect(w.job()).toMatchObject({ isLong: true, attempts: 0, checkpoint: { offset: 3 * PART_BYTES } });
    w.serve(fileOrigin(LARGE));
    await inLongLane(w);
    expect(w.job()?.transfer?.sha256).toBe(sha256Of(LARGE));
    expect(w.job()?.resumedBytes).toBe(3 * PART_BYTES);
  });

  it.each([
    ["has stopped", PART_BYTES, 60_000],
    ["comes more slowly than the least speed", 0, 1500],
  ])("counts a failed attempt, and hands nothing over, when a body %s", async (_what, bytes, pauseMs) => {
    const w = world(BY_TIME);
    w.serve(pausing(w, LARGE, bytes, pauseMs));
    await w.deliver();
    expect(w.job()).toMatchObject({ attempts: 1, reason: "origin_too_slow" });
    expect(w.job()?.isLong).toBeUndefined();
  });

  it("sends on a message of a long job without a lease of it, also if the first message to the long lane was lost", async () => {
    const w = world(BY_LENGTH);
    w.serve(fileOrigin(LARGE));
    const send: Queue["send"] = async () => Promise.reject(new Error("lost"));
    const dying = { ...w.deps, queue: { ...w.deps.queue, send } };
    expect(await w.deliver(MESSAGE, undefined, dying)).toBe("return");
    const writes = w.items.history.length;
    await w.clock.advance(1);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.items.history).toHaveLength(writes);
    expect(w.sent).toMatchObject([{ lane: "long" }]);
    await inLongLane(w);
    expect(w.job()?.state).toBe("INDEXED");
  });

  it("drops a message of a job that the long lane is working on", async () => {
    const w = world(BY_LENGTH);
    w.serve(fileOrigin(LARGE));
    await w.deliver();
    const stuck: Origin = async (request) => ({ ...(await fileOrigin(LARGE)(request)), body: never() });
    w.serve(stuck);
    void inLongLane(w);
    await w.clock.advance(1000);
    const sent = w.sent.length;
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.sent).toHaveLength(sent);
  });

  it("hands over a file without a record, as it came", async () => {
    const w = world({ settings: { ...BY_LENGTH.settings, gateCeiling: 0 } });
    w.serve(fileOrigin(LARGE));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.sent.map(({ body, lane }) => [JSON.parse(body), lane])).toEqual([[MESSAGE, "long"]]);
    await inLongLane(w);
    expect(w.contentObjects.size).toBe(1);
    leavesNoLitter(w);
  });
});

describe("a long job", () => {
  it("is revived into the long lane when its message is lost", async () => {
    const w = world(BY_LENGTH);
    w.serve(fileOrigin(LARGE));
    await w.deliver();
    w.sent.length = 0;
    await w.clock.advance(w.deps.settings.requeueGraceMs + 2);
    await w.reconcile();
    expect(w.sent).toMatchObject([{ lane: "long" }]);
  });

  it("is finished by a release that knows no lanes", async () => {
    const w = world(BY_LENGTH);
    w.serve(fileOrigin(LARGE));
    await w.deliver();
    await w.clock.advance(1);
    expect(await w.deliver(MESSAGE, undefined, longLane(w))).toBe("acknowledge");
    expect(w.job()?.state).toBe("INDEXED");
  });
});

// eslint-disable-next-line require-yield
async function* never(): AsyncIterable<Uint8Array> {
  await new Promise(() => undefined);
}
