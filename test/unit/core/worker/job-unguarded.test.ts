import { describe, expect, it } from "vitest";
import { OutOfTimeError, PermanentError, RetryableError } from "../../../../core/model/errors.ts";
import { contentKey } from "../../../../core/model/keys.ts";
import { answer, fileOrigin, MESSAGE, world, type Origin } from "../../../simulation/world.ts";
import { SMALL, LARGE, sha256Of, leavesNoLitter, stoppedCopy } from "../support.ts";

describe("the unguarded path (gate off)", () => {
  const off = { settings: { gateCeiling: 0 } };

  it.each([SMALL, LARGE])("publishes %s at its content address and keeps no record", async (body) => {
    const w = world(off);
    w.serve(fileOrigin(body));
    expect(await w.deliver()).toBe("acknowledge");
    expect([...w.contentObjects.keys()]).toEqual([contentKey(sha256Of(body))]);
    expect(w.items.history).toHaveLength(0);
    expect(w.logs.join()).toContain(`"sha256":"${sha256Of(body)}"`);
    leavesNoLitter(w);
  });

  it.each<[string, object, Origin, string]>([
    ["a job with permanent trouble", {}, () => answer({ status: 404 }), "http_404"],
    ["a job with a wrong digest", { sha256: "0".repeat(64) }, fileOrigin(SMALL), "digest_mismatch"],
  ])("sends %s to the dead-letter queue", async (_name, change, origin, reason) => {
    const w = world(off);
    w.serve(origin);
    expect(await w.deliver({ ...MESSAGE, ...change })).toBe("acknowledge");
    expect(w.deadLetters).toMatchObject([{ reason }]);
    leavesNoLitter(w);
  });

  it("returns a message with a delay after transient trouble, until its deliveries are used up", async () => {
    const w = world({
      settings: { gateCeiling: 0, retry: { maxAttempts: 2, baseMs: 1000, capMs: 1000, longestWaitMs: 43_200_000 } },
    });
    w.serve(() => answer({ status: 503, headers: { "retry-after": "3" } }));
    expect(await w.deliver()).toBe("return");
    w.serve(() => Promise.reject(new Error("odd")));
    expect(await w.deliver()).toBe("return");
    expect(w.hidden).toEqual([3150, 500]);
    const last = world({
      settings: { gateCeiling: 0, retry: { maxAttempts: 1, baseMs: 1000, capMs: 1000, longestWaitMs: 43_200_000 } },
    });
    last.serve(() => answer({ status: 503 }));
    expect(await last.deliver()).toBe("acknowledge");
    expect(last.deadLetters).toMatchObject([{ reason: "http_503" }]);
  });

  it("aborts the upload if the body is torn after a part was staged, because nothing could resume it", async () => {
    const w = world(off);
    const torn = async function* (): AsyncIterable<Uint8Array> {
      yield LARGE;
      throw new RetryableError("origin_connection_lost");
    };
    const headers = { etag: '"v1"', "content-length": String(2 * LARGE.length) };
    w.serve(({ method }) => answer({ headers, ...(method === "GET" && { body: torn() }) }));
    expect(await w.deliver()).toBe("return");
    leavesNoLitter(w);
  });

  const unpublished = { publish: async () => Promise.reject(new PermanentError("content_size_mismatch", "system")) };
  it.each<[string, object, object]>([
    ["keeps its reason if it failed", unpublished, { deadLetters: [{ reason: "content_size_mismatch" }] }],
    ["is not done again if it was published", {}, { deadLetters: [], verdict: "acknowledge" }],
  ])("leaves what cannot be removed from staging to the sweep: a job %s", async (_what, content, outcome) => {
    const w = world({
      ...off,
      wrap: (deps) => ({
        ...deps,
        staging: { ...deps.staging, delete: async () => Promise.reject(new Error("the store is down")) },
        content: { ...deps.content, ...content },
      }),
    });
    w.serve(fileOrigin(SMALL));
    const verdict = await w.deliver();
    expect({ verdict, deadLetters: w.deadLetters }).toMatchObject(outcome);
    expect(w.logs.join()).toContain("the store is down");
  });

  it("returns the message to the queue at the end of the invocation", async () => {
    const w = world(off);
    const outOfTime = new AbortController();
    w.serve((request) => {
      outOfTime.abort(new OutOfTimeError());
      request.signal.throwIfAborted();
      return answer({});
    });
    expect(await w.deliver(MESSAGE, outOfTime.signal)).toBe("return");
    expect(w.hidden).toEqual([0]);
  });

  it("returns the message to the queue when the invocation ends during the copy to the content address", async () => {
    const outOfTime = new AbortController();
    const w = world({ ...off, wrap: (deps) => ({ ...deps, content: stoppedCopy(deps.content, outOfTime) }) });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver(MESSAGE, outOfTime.signal)).toBe("return");
    expect(w.hidden).toEqual([0]);
    expect(w.contentObjects.size).toBe(0);
    leavesNoLitter(w);
  });

  it("lets a job with a record finish on the guarded path", async () => {
    const w = world(off);
    w.serve(fileOrigin(SMALL));
    await w.deliver({ ...MESSAGE, tracked: true });
    expect(w.job()?.state).toBe("INDEXED");
  });
});
