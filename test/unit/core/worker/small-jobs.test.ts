import { describe, expect, it } from "vitest";
import { contentKey, jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import { deliver } from "../../../../core/worker/deliver.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, settled, world, type World } from "../../../simulation/world.ts";
import { eventsOf, leavesNoLitter, SMALL, sha256Of } from "../support.ts";

const JOB_KEY = jobItemKey(jobIdOf(MESSAGE));
const LEASE_TTL_MS = 120_000;
const UNWATCHED_FOR_MS = 60_000;

interface Delivered {
  readonly receiveCount?: number;
  readonly ageMs?: number;
}

const delivered = async (w: World, { ageMs = 0, receiveCount = 1 }: Delivered = {}) =>
  deliver(
    w.deps,
    {
      body: JSON.stringify(MESSAGE),
      messageId: "m",
      receiptHandle: "r",
      sentAtMs: w.clock.nowMs() - ageMs,
      receiveCount,
    },
    new AbortController().signal,
  );

const watchAt = (w: World) => w.items.all.get(JOB_KEY)?.["watch_at"];

describe("a small body", () => {
  const direct = () => world({ settings: { stageFromBytes: 1000, unwatchedForMs: UNWATCHED_FOR_MS } });

  it("costs three writes and one object, and nothing is staged", async () => {
    const w = direct();
    let staged = 0;
    const staging = { ...w.deps.staging, put: async () => Promise.reject(new Error(`staged ${(staged += 1)}`)) };
    w.serve(fileOrigin(SMALL));
    await deliver(
      { ...w.deps, staging },
      { body: JSON.stringify(MESSAGE), messageId: "m", receiptHandle: "r", sentAtMs: w.clock.nowMs(), receiveCount: 1 },
      new AbortController().signal,
    );
    expect([w.items.history.length, w.contentObjects.size, staged]).toEqual([3, 1, 0]);
    expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(SMALL), placed: "created" } });
    leavesNoLitter(w);
  });

  it("that another job has stored is not written again, and the job is DEDUPED", async () => {
    const w = direct();
    w.serve(fileOrigin(SMALL));
    await delivered(w);
    await w.deliver({ ...MESSAGE, artifact_id: "other" });
    expect(w.job({ ...MESSAGE, artifact_id: "other" })?.state).toBe("DEDUPED");
    expect([...w.contentWrites.values()]).toEqual([1]);
  });

  it("whose address holds an object of another length fails, and the object stays", async () => {
    const w = direct();
    w.serve(fileOrigin(SMALL));
    const there = { body: Buffer.from("another"), etag: '"e"', contentType: "text/plain", createdMs: 0 };
    w.contentObjects.set(contentKey(sha256Of(SMALL)), there);
    await delivered(w);
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "content_size_mismatch" });
    expect(w.contentObjects.get(contentKey(sha256Of(SMALL)))).toBe(there);
  });

  it.each([
    ["of a part and a byte", Buffer.alloc(PART_BYTES + 1, "x"), 1000],
    ["of the length from which bodies are staged", SMALL, SMALL.length],
    ["if every body is staged", SMALL, 0],
  ])("is staged %s", async (_name, body, stageFromBytes) => {
    const w = world({ settings: { stageFromBytes } });
    w.serve(fileOrigin(body));
    await delivered(w);
    expect(w.job()).toMatchObject({ state: "INDEXED" });
    expect(w.job()?.transfer?.placed).toBeUndefined();
  });
});

describe("the first lease of a new job", () => {
  const stuck = (settings = {}) => {
    const w = world({ settings: { unwatchedForMs: UNWATCHED_FOR_MS, ...settings } });
    w.serve(async ({ signal }) => {
      await new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
      return answer({});
    });
    return w;
  };
  const crashed = async (w: World): Promise<void> => {
    const clock = { ...w.deps.clock, every: () => () => undefined };
    void w.deliver(MESSAGE, undefined, { ...w.deps, clock });
    await settled();
  };

  it("is not watched: its message brings the job back", async () => {
    const w = stuck();
    void delivered(w);
    await settled();
    expect(w.job()?.leaseOwner).toBeDefined();
    expect(watchAt(w)).toBeUndefined();
  });

  it.each<[string, Delivered, object]>([
    ["its message has been received before", { receiveCount: 2 }, {}],
    ["its message is old", { ageMs: UNWATCHED_FOR_MS }, {}],
    ["the worker watches every lease", {}, { unwatchedForMs: 0 }],
  ])("is watched if %s", async (_name, delivery, settings) => {
    const w = stuck(settings);
    void delivered(w, delivery);
    await settled();
    expect(watchAt(w)).toBe(w.clock.nowMs() + LEASE_TTL_MS);
  });

  it("is watched once it is renewed", async () => {
    const w = stuck();
    void delivered(w);
    await settled();
    await w.clock.advance(LEASE_TTL_MS / 3);
    expect(watchAt(w)).toBe(w.clock.nowMs() + LEASE_TTL_MS);
  });

  it("keeps a second delivery in the queue until it ends, and is then taken over and watched", async () => {
    const w = stuck();
    await crashed(w);
    await w.clock.advance(LEASE_TTL_MS - 5000);
    expect(await delivered(w, { receiveCount: 2 })).toBe("return");
    expect(w.hidden).toEqual([5000]);
    await w.clock.advance(5000);
    w.serve(fileOrigin(SMALL));
    expect(await delivered(w, { receiveCount: 3 })).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", fence: 2 });
    expect(eventsOf(w, "crash_recovery_event")).toMatchObject([
      { job_id: jobIdOf(MESSAGE), recovered_leases: 1, abandoned_ops: 1, recovered_late: 0, oldest_expired_ms: 0 },
    ]);
  });

  it.each([
    ["stays until a late copy of its lease would be over", 0, "return", [LEASE_TTL_MS]],
    ["is acknowledged while the record is kept", 1_000, "acknowledge", []],
  ])("the message of a finished job %s", async (_, keptForMs, verdict, hidden) => {
    const w = world({ settings: { unwatchedForMs: UNWATCHED_FOR_MS } });
    w.serve(fileOrigin(SMALL));
    expect(await delivered(w)).toBe("acknowledge");
    const { recordRetentionMs } = w.deps.settings;
    await w.clock.advance(recordRetentionMs - LEASE_TTL_MS - keptForMs);
    expect(await delivered(w)).toBe(verdict);
    expect(w.hidden).toEqual(hidden);
    expect(await delivered(w, { receiveCount: 2 })).toBe("acknowledge");
  });

  it.each([
    [180_000, 0],
    [180_001, 1],
  ])("that is taken over %i ms after its end counts as %i late", async (afterMs, late) => {
    const w = stuck();
    await crashed(w);
    await w.clock.advance(LEASE_TTL_MS + afterMs);
    w.serve(fileOrigin(SMALL));
    await delivered(w, { receiveCount: 2 });
    const [event] = eventsOf(w, "crash_recovery_event");
    expect(event).toMatchObject({ recovered_late: late, oldest_expired_ms: afterMs });
  });

  it("that ended in order is taken over from nobody", async () => {
    const w = world({ settings: { unwatchedForMs: UNWATCHED_FOR_MS } });
    w.serve(() => answer({ status: 503 }));
    await delivered(w);
    await w.clock.advance(LEASE_TTL_MS);
    w.serve(fileOrigin(SMALL));
    await delivered(w);
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 2 });
    expect(eventsOf(w, "crash_recovery_event")).toEqual([]);
  });

  it("does not end the watch of a job that is open: a late copy of its write is refused", async () => {
    const w = world({ settings: { unwatchedForMs: UNWATCHED_FOR_MS } });
    w.serve(() => answer({ status: 503 }));
    await delivered(w);
    const released = w.items.all.get(JOB_KEY);
    expect(released?.["watch_at"]).toBeGreaterThan(0);
    await w.clock.advance(LEASE_TTL_MS);
    const first = w.items.history[0];
    if (!first) throw new Error("Nothing was written.");
    expect((await w.items.write(first.write)).applied).toBe(false);
    expect(w.items.all.get(JOB_KEY)).toEqual(released);
  });
});
