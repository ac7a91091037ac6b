import { describe, expect, it } from "vitest";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { answer, fileOrigin, MESSAGE, settled, world, type Origin, writingBy } from "../../../simulation/world.ts";
import { SMALL, LARGE, eventsOf } from "../support.ts";

describe("the lease of a worker", () => {
  /** An origin that answers GET only after `open` was called. */
  const waitingOrigin = () => {
    const gate = Promise.withResolvers<void>();
    const origin: Origin = async (request) => {
      if (request.method === "GET") await gate.promise;
      request.signal.throwIfAborted();
      return fileOrigin(SMALL)(request);
    };
    return { origin, open: gate.resolve };
  };

  it("is renewed every third of its TTL while the origin is slow, and hides the message for its TTL", async () => {
    const w = world();
    const { origin, open } = waitingOrigin();
    w.serve(origin);
    const verdict = w.deliver();
    await settled();
    await w.clock.advance(90_000);
    expect(eventsOf(w, "lease_renewed")).toHaveLength(2);
    expect(w.hidden).toEqual([120_000, 120_000]);
    await w.clock.advance(200_000);
    open();
    expect(await verdict).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", fence: 1 });
    await w.clock.advance(500_000);
    expect(eventsOf(w, "lease_renewed")).toHaveLength(7);
  });

  it("that a successor took over lets no write through: the fence refuses the old worker", async () => {
    const w = world();
    const { origin, open } = waitingOrigin();
    w.serve(origin);
    const zombie = w.deliver();
    await settled();
    const expired = w.job();
    // The old worker's clock stands still, so it believes in its lease. By the successor's clock it has expired.
    const successorDeps: WorkerDeps = {
      ...w.deps,
      clock: { ...w.deps.clock, nowMs: () => w.clock.nowMs() + 130_000 },
      http: { request: async (request) => fileOrigin(LARGE)(request) },
    };
    const successor = await w.deliver(MESSAGE, undefined, successorDeps);
    expect(successor).toBe("acknowledge");
    const after = w.job();
    open();
    expect(await zombie).toBe("acknowledge");
    expect(w.job()).toEqual(after);
    expect(after).toMatchObject({ state: "INDEXED", fence: (expired?.fence ?? 0) + 1 });
    expect(w.contentObjects.size).toBe(1);
  });

  it("that could not be renewed in time is given up, and nothing is published under it", async () => {
    let isOut = false;
    const w = world({
      wrap: writingBy(async (pass) => (isOut ? Promise.reject(new Error("throttled")) : pass())),
    });
    const { promise: answered, resolve: open } = Promise.withResolvers<void>();
    w.serve(async ({ method }) => {
      if (method === "GET") await answered;
      return answer({ headers: { etag: '"v"' } });
    });
    const verdict = w.deliver();
    await settled();
    isOut = true;
    await w.clock.advance(121_000);
    isOut = false;
    open();
    expect(await verdict).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "LEASED", fence: 1 });
    expect(w.logs.join()).toContain("The lease was not renewed");
    expect(w.contentObjects.size).toBe(0);
  });

  it("stops a copy to the content address that lasts longer than the lease, if it cannot be renewed", async () => {
    let isOut = false;
    const w = world({
      wrap: (deps) => ({
        ...deps,
        items: {
          ...deps.items,
          write: async (write) => (isOut ? Promise.reject(new Error("throttled")) : deps.items.write(write)),
        },
        content: {
          ...deps.content,
          publish: async (_staged, _key, signal) =>
            new Promise((_resolve, reject) => {
              isOut = true;
              signal.addEventListener("abort", () => reject(signal.reason as Error));
            }),
        },
      }),
    });
    w.serve(fileOrigin(SMALL));
    const verdict = w.deliver();
    await settled();
    await w.clock.advance(121_000);
    expect(await verdict).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "STREAMING", fence: 1 });
  });

  it("is not lost if the SDK sends each write twice because its answer was lost", async () => {
    const w = world({
      wrap: writingBy(async (pass) => {
        await pass();
        return pass();
      }),
    });
    w.serve(fileOrigin(LARGE));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1, fence: 1 });
    expect(w.events.at(-1)?.event).toBe("lease_released");
  });

  it("is not renewed by a heartbeat that comes after its release", async () => {
    const w = world({
      wrap: writingBy(async (pass, write) => {
        if (write.set?.["state"] === "INDEXED") await w.clock.advance(50_000);
        return pass();
      }),
    });
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    await settled();
    expect(w.events.at(-1)?.event).toBe("lease_released");
    expect(eventsOf(w, "lease_renewed")).toEqual([]);
  });

  it("leaves no attribute on the record of a finished job", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    const item = [...w.items.all.values()].find((found) => "work_id" in found) ?? {};
    for (const name of ["lease_owner", "available_at", "watch_at", "watch_shard"])
      expect(item).not.toHaveProperty(name);
    expect(item["expires_at"]).toBe(w.clock.nowMs() / 1000 + 86_400);
  });

  it("is not taken if the write is refused without an item: nothing is requested from the origin", async () => {
    const w = world({
      wrap: (deps) => ({ ...deps, items: { ...deps.items, write: async () => ({ applied: false, item: undefined }) } }),
    });
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.requests).toHaveLength(0);
  });

  it("cannot be taken while the table is down, and the message goes back to the queue", async () => {
    const w = world({
      wrap: (deps) => ({ ...deps, items: { ...deps.items, write: async () => Promise.reject(new Error("outage")) } }),
    });
    expect(await w.deliver()).toBe("return");
  });

  it("that cannot be released expires, and a new message comes then", async () => {
    let writes = 0;
    const w = world({
      wrap: writingBy(async (pass) => {
        writes += 1;
        return writes > 1 ? Promise.reject(new Error("outage")) : pass();
      }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.sent).toMatchObject([{ delayMs: 120_000 }]);
  });
});
