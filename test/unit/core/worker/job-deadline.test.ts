import { describe, expect, it } from "vitest";
import { OutOfTimeError } from "../../../../core/model/errors.ts";
import { fileOrigin, MESSAGE, world, type Origin } from "../../../simulation/world.ts";
import { LARGE, sha256Of, leavesNoLitter, SMALL, stoppedCopy } from "../support.ts";

describe("at the end of the invocation", () => {
  /** An origin whose body triggers `outOfTime` after `afterBytes` bytes. */
  const slowly = (body: Buffer, outOfTime: AbortController, afterBytes: number): Origin => {
    return async (request) => {
      const response = await fileOrigin(body)(request);
      if (request.method === "HEAD") return response;
      return { ...response, body: abortAfter(response.body, afterBytes, outOfTime) };
    };
  };

  async function* abortAfter(
    body: AsyncIterable<Uint8Array>,
    bytes: number,
    outOfTime: AbortController,
  ): AsyncIterable<Uint8Array> {
    let left = bytes;
    for await (const piece of body) {
      left -= piece.length;
      yield piece;
      if (left <= 0) outOfTime.abort(new OutOfTimeError());
    }
  }

  it("an unfinished file continues in the next invocation through a new message, without a charged attempt", async () => {
    const w = world();
    let hops = 0;
    while (w.job()?.state !== "INDEXED" && hops < 10) {
      const outOfTime = new AbortController();
      w.serve(slowly(LARGE, outOfTime, 20));
      expect(await w.deliver(w.sent.at(-1)?.body ?? MESSAGE, outOfTime.signal)).toBe("acknowledge");
      hops += 1;
      await w.clock.advance(1);
    }
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1, transfer: { sha256: sha256Of(LARGE) } });
    expect(w.job()?.hops).toBe(hops - 1);
    expect(w.sent).toHaveLength(hops - 1);
    expect(JSON.parse(w.sent[0]?.body ?? "")).toEqual({ ...MESSAGE, tracked: true });
    leavesNoLitter(w);
  });

  it("an unfinished copy to the content address continues in the next invocation, without another download", async () => {
    const outOfTime = new AbortController();
    const w = world();
    w.serve(fileOrigin(SMALL));
    const stopped = { ...w.deps, content: stoppedCopy(w.deps.content, outOfTime) };
    expect(await w.deliver(MESSAGE, outOfTime.signal, stopped)).toBe("acknowledge");
    expect(w.contentObjects.size).toBe(0);
    expect(w.sent).toHaveLength(1);
    await w.clock.advance(1);
    expect(await w.deliver(w.sent[0]?.body)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1, hops: 1 });
    expect(w.requests.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
    leavesNoLitter(w);
  });

  it("a job with too many continuations fails", async () => {
    const w = world({ settings: { maxHops: 1 } });
    for (let hop = 0; hop < 2; hop++) {
      const outOfTime = new AbortController();
      w.serve(slowly(Buffer.alloc(1000), outOfTime, 20));
      await w.deliver(MESSAGE, outOfTime.signal);
      await w.clock.advance(1);
    }
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "too_many_continuations", failureClass: "system" });
    leavesNoLitter(w);
  });

  it("continuations without progress exhaust the retry budget", async () => {
    const w = world();
    for (let hop = 0; hop < 4; hop++) {
      const outOfTime = new AbortController();
      w.serve(slowly(LARGE, outOfTime, 3));
      await w.deliver(MESSAGE, outOfTime.signal);
      await w.clock.advance(1);
    }
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "retries_exhausted:out_of_time" });
  });

  it("a message whose job was not started goes back to the queue, and nothing is written", async () => {
    const w = world();
    expect(await w.deliver(MESSAGE, AbortSignal.abort(new Error("late")))).toBe("return");
    expect(w.hidden).toEqual([0]);
    expect(w.items.history).toHaveLength(0);
  });

  it("a message whose continuation cannot be sent goes back to the queue", async () => {
    const outOfTime = new AbortController();
    const w = world({
      wrap: (deps) => ({ ...deps, queue: { ...deps.queue, send: async () => Promise.reject(new Error("out")) } }),
    });
    w.serve(slowly(LARGE, outOfTime, 20));
    expect(await w.deliver(MESSAGE, outOfTime.signal)).toBe("return");
  });
});
