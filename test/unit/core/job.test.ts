import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { OutOfTimeError, RetryableError } from "../../../core/errors.ts";
import { contentKey, hashItemKey, jobIdOf } from "../../../core/keys.ts";
import type { WorkerDeps } from "../../../core/worker-deps.ts";
import {
  answer,
  fileOrigin,
  MESSAGE,
  PART_BYTES,
  settled,
  world,
  type Origin,
  type World,
} from "../../simulation/world.ts";

const SMALL = Buffer.from("small");
const LARGE = Buffer.from("a body of several parts, each of eight bytes");
const sha256Of = (body: Uint8Array): string => createHash("sha256").update(body).digest("hex");

const eventsOf = (w: World, event: string) => w.events.filter((entry) => entry.event === event);
const leavesNoLitter = (w: World): void => {
  expect([...w.stagedObjects.keys()]).toEqual([]);
  expect([...w.uploads.keys()]).toEqual([]);
};

/** Serves the body and cuts it after `bytes`, as often as told. */
function tearing(whole: Origin, bytes: number, times = 1): Origin {
  let left = times;
  return async (request) => {
    const response = await whole(request);
    if (request.method === "HEAD" || left === 0) return response;
    left -= 1;
    return { ...response, body: cut(response.body, bytes) };
  };
}

async function* cut(body: AsyncIterable<Uint8Array>, bytes: number): AsyncIterable<Uint8Array> {
  let left = bytes;
  for await (const piece of body) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) throw new RetryableError("origin_connection_lost");
  }
}

describe("a complete download", () => {
  it.each([
    ["empty", Buffer.alloc(0)],
    ["small", SMALL],
    ["of exactly one part", Buffer.alloc(PART_BYTES, "x")],
    ["of one part and a byte", Buffer.alloc(PART_BYTES + 1, "x")],
    ["of several parts", LARGE],
    ["of several full parts", Buffer.alloc(3 * PART_BYTES, "x")],
  ])("%s: indexed under its hash, staging clean, message acknowledged", async (_name, body) => {
    const w = world();
    w.serve(fileOrigin(body));
    expect(await w.deliver()).toBe("acknowledge");
    const sha256 = sha256Of(body);
    expect(w.job()).toMatchObject({
      state: "INDEXED",
      attempts: 1,
      transfer: { sha256, bytes: body.length, contentType: "text/plain" },
    });
    expect(w.contentObjects.get(contentKey(sha256))).toMatchObject({ body, contentType: "text/plain" });
    expect(w.items.all.get(hashItemKey(sha256))).toMatchObject({ job_id: w.job()?.jobId, bytes: body.length });
    leavesNoLitter(w);
  });

  it("walks the states in order, each told once", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    const walk = eventsOf(w, "job_state_changed").map((event) => "to_state" in event && event.to_state);
    expect(walk).toEqual(["LEASED", "HEAD_DONE", "RESUME_OK", "STREAMING", "FINALIZED", "INDEXED"]);
    expect(eventsOf(w, "operation_completed").map((event) => "op_type" in event && event.op_type)).toEqual([
      "HEAD",
      "STREAM",
      "FINALIZE",
      "INDEX",
    ]);
    expect(eventsOf(w, "lease_released")).toHaveLength(1);
  });

  it("takes six writes and no read of the table", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    expect(w.items.history).toHaveLength(6);
  });

  it("of a body whose length nobody told", async () => {
    const w = world();
    w.serve(() => answer({ body: LARGE }));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.transfer?.sha256).toBe(sha256Of(LARGE));
    expect(w.items.history.some(({ after }) => "checkpoint" in after)).toBe(false);
    leavesNoLitter(w);
  });
});

describe("the same again", () => {
  it("a second delivery of a finished job asks nobody and writes nothing", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    const [requests, writes, events] = [w.requests.length, w.items.history.length, w.events.length];
    expect(await w.deliver()).toBe("acknowledge");
    expect([w.requests.length, w.items.history.length, w.events.length]).toEqual([requests, writes, events]);
  });

  it("another job with the same content is deduplicated, not published again", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    const other = { ...MESSAGE, artifact_id: "other" };
    await w.deliver();
    await w.deliver(other);
    expect(w.job(other)?.state).toBe("DEDUPED");
    expect(w.job(other)?.operations.DEDUPE?.status).toBe("DONE");
    expect([...w.contentWrites.values()]).toEqual([1]);
    leavesNoLitter(w);
  });

  it("a delivery while another worker holds the lease is acknowledged: the record is watched", async () => {
    const w = world();
    let inner: Promise<string> | undefined;
    w.serve(async (request) => {
      inner ??= w.deliver();
      await inner;
      return fileOrigin(SMALL)(request);
    });
    expect(await w.deliver()).toBe("acknowledge");
    expect(await inner).toBe("acknowledge");
    expect(eventsOf(w, "job_leased")).toHaveLength(1);
    expect(w.job()?.state).toBe("INDEXED");
  });
});

describe("transient trouble", () => {
  it("keeps the state, counts the attempt, gives the lease back and returns the message with the delay", async () => {
    const w = world();
    w.serve(({ method }) =>
      method === "HEAD" ? answer({}) : answer({ status: 503, headers: { "retry-after": "9" } }),
    );
    expect(await w.deliver()).toBe("return");
    expect(w.hidden).toEqual([9000]);
    expect(w.job()).toMatchObject({ state: "STREAMING", attempts: 1, reason: "http_503", failureClass: "origin" });
    expect(w.job()?.leaseOwner).toBeUndefined();
    expect(w.job()?.operations.STREAM).toBeUndefined();
    expect(w.job()?.operations.HEAD?.status).toBe("DONE");
  });

  it("a delivery before its time goes back for the rest of it, uncharged", async () => {
    const w = world();
    w.serve(() => answer({ status: 503, headers: { "retry-after": "9" } }));
    await w.deliver();
    await w.clock.advance(4000);
    expect(await w.deliver()).toBe("return");
    expect(w.hidden).toEqual([9000, 5000]);
    expect(w.job()?.attempts).toBe(1);
  });

  it("ends well when it passes; HEAD is replayed, not repeated", async () => {
    const w = world();
    let troubles = 1;
    w.serve((request) => {
      if (request.method === "GET" && troubles > 0) {
        troubles -= 1;
        return answer({ status: 500 });
      }
      return fileOrigin(SMALL)(request);
    });
    await w.deliver();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 2, fence: 2 });
    expect(w.job()?.reason).toBeUndefined();
    expect(w.requests.map(({ method }) => method)).toEqual(["HEAD", "GET", "GET"]);
    expect(eventsOf(w, "idempotency_replay")).toMatchObject([
      { op_type: "HEAD", reused_from_time: "2027-01-15T08:00:00.000Z" },
    ]);
  });

  it("that outlives the budget fails the job with the last reason", async () => {
    const w = world();
    w.serve(() => answer({ status: 502 }));
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(await w.deliver()).toBe(attempt < 3 ? "return" : "acknowledge");
      await w.clock.advance(60_000);
    }
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "retries_exhausted:http_502", failureClass: "origin" });
    expect(w.requests).toHaveLength(3);
  });

  it("of the staging bucket is ours, not the origin's", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        staging: { ...deps.staging, put: async () => Promise.reject(new Error("S3 is out")) },
      }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("return");
    expect(w.job()).toMatchObject({ reason: "unexpected:Error", failureClass: "system" });
  });
});

describe("a torn body", () => {
  it("goes on from the last acknowledged part, asking for the same version", async () => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 30));
    expect(await w.deliver()).toBe("return");
    expect(w.job()?.checkpoint).toMatchObject({ offset: 24, totalBytes: LARGE.length, validator: '"v1"' });
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.requests.at(-1)?.headers).toMatchObject({ range: "bytes=24-", "if-range": '"v1"' });
    expect(w.job()).toMatchObject({ state: "INDEXED", resumedBytes: 24, transfer: { sha256: sha256Of(LARGE) } });
    leavesNoLitter(w);
  });

  it("that advances each time is never given up: only attempts without progress are charged", async () => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 9, 4));
    for (let attempt = 0; attempt < 5; attempt++) {
      await w.deliver();
      await w.clock.advance(60_000);
    }
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 5 });
  });

  it.each([
    ["shorter than its length", SMALL.length + 1],
    ["longer than its length", SMALL.length - 1],
  ])("%s never finalizes", async (_name, length) => {
    const w = world();
    w.serve(() => answer({ headers: { "content-length": String(length), etag: '"v"' }, body: SMALL }));
    expect(await w.deliver()).toBe("return");
    expect(w.job()?.reason).toBe("torn_body");
    expect(w.contentObjects.size).toBe(0);
  });

  it.each([
    ["the origin ignores ranges", (): Origin => (request) => fileOrigin(LARGE)({ ...request, headers: {} })],
    ["the version has changed", (): Origin => fileOrigin(Buffer.from("another body of several parts"), '"v2"')],
    [
      "the range is not what was asked for",
      (): Origin => (request) =>
        "range" in request.headers
          ? answer({ status: 206, headers: { "content-range": "bytes 1-2/3", "content-length": "2" }, body: SMALL })
          : fileOrigin(LARGE)(request),
    ],
    [
      "the range is said not to exist",
      (): Origin => (request) => ("range" in request.headers ? answer({ status: 416 }) : fileOrigin(LARGE)(request)),
    ],
  ])("starts over where %s; no bytes of two answers mix", async (_name, second) => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 30));
    await w.deliver();
    await w.clock.advance(60_000);
    w.serve(second());
    expect(await w.deliver()).toBe("acknowledge");
    const served = [LARGE, Buffer.from("another body of several parts")].map(sha256Of);
    expect(w.job()?.state).toBe("INDEXED");
    expect(served).toContain(w.job()?.transfer?.sha256);
    expect([...w.contentObjects.values()].map(({ body }) => sha256Of(body))).toEqual([w.job()?.transfer?.sha256]);
    leavesNoLitter(w);
  });

  it("a resume that is answered with trouble keeps its checkpoint", async () => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 30));
    await w.deliver();
    await w.clock.advance(60_000);
    w.serve(() => answer({ status: 503 }));
    expect(await w.deliver()).toBe("return");
    expect(w.job()?.checkpoint?.offset).toBe(24);
  });

  it.each([
    [
      "whose parts were overwritten",
      (w: World) => w.uploads.forEach(({ parts }) => parts.set(1, { body: Buffer.alloc(PART_BYTES), etag: '"x"' })),
    ],
    ["of which a part is missing", (w: World) => w.uploads.forEach(({ parts }) => parts.delete(2))],
    ["that was aborted", (w: World) => w.uploads.clear()],
  ])("starts over with an upload %s", async (_name, spoil) => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 30));
    await w.deliver();
    spoil(w);
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(LARGE) } });
    leavesNoLitter(w);
  });

  it("starts over with a hash state of another version", async () => {
    const restore = { create: undefined as never, restore: async () => undefined };
    const w = world({ wrap: (deps) => ({ ...deps, sha256: { ...restore, create: deps.sha256.create } }) });
    w.serve(tearing(fileOrigin(LARGE), 30));
    await w.deliver();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.resumedBytes).toBe(0);
    leavesNoLitter(w);
  });

  it("without a strong validator leaves nothing behind and starts over", async () => {
    const w = world();
    const weak: Origin = async (request) => {
      const { headers, ...response } = await fileOrigin(LARGE)({ ...request, headers: {} });
      return { ...response, headers: { ...headers, etag: 'W/"v1"' } };
    };
    w.serve(tearing(weak, 30));
    await w.deliver();
    leavesNoLitter(w);
    expect(w.job()?.checkpoint).toBeUndefined();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.requests.at(-1)?.headers["range"]).toBeUndefined();
  });
});

describe("permanent trouble fails the job at once", () => {
  it.each<[string, object, Origin, string, string]>([
    ["not found", {}, () => answer({ status: 404 }), "http_404", "origin"],
    ["forbidden", {}, () => answer({ status: 403 }), "http_403", "origin"],
    [
      "a body that is not of the expected digest",
      { sha256: "0".repeat(64) },
      fileOrigin(LARGE),
      "digest_mismatch",
      "origin",
    ],
    ["a private address", { url: "http://10.0.0.1/" }, fileOrigin(SMALL), "private_address", "policy"],
    ["an unsupported scheme", { url: "ftp://example.com/" }, fileOrigin(SMALL), "unsupported_scheme:ftp", "policy"],
    ["credentials", { url: "http://a:b@example.com/" }, fileOrigin(SMALL), "credentials_in_url", "policy"],
    [
      "a body that grows too large without saying so",
      {},
      () => answer({ body: Buffer.alloc(101) }),
      "too_large",
      "policy",
    ],
    [
      "a type that only GET tells",
      {},
      ({ method }) => answer({ headers: { "content-type": method === "HEAD" ? "text/plain" : "image/png" } }),
      "type_not_allowed:image/png",
      "policy",
    ],
  ])("%s", async (_name, change, origin, reason, failureClass) => {
    const w = world({
      settings: { maxBodyBytes: 100, allowedContentTypes: ["text/plain", "application/octet-stream"] },
    });
    w.serve(origin);
    const message = { ...MESSAGE, ...change };
    expect(await w.deliver(message)).toBe("acknowledge");
    expect(w.job(message)).toMatchObject({ state: "FAILED", reason, failureClass });
    expect(w.job(message)?.leaseOwner).toBeUndefined();
    expect(w.contentObjects.size).toBe(0);
    leavesNoLitter(w);
    expect(w.logs.join()).toContain(reason);
  });

  it("content of the same hash and another size is our own fault, and loud", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    const other = { body: LARGE, etag: "", contentType: "", createdMs: 0 };
    w.contentObjects.set(contentKey(sha256Of(SMALL)), other);
    await w.deliver();
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "content_size_mismatch", failureClass: "system" });
  });

  it("a job of several parts that fails takes its upload along", async () => {
    const w = world();
    w.serve(async (request) => {
      const response = await fileOrigin(LARGE)(request);
      return request.method === "HEAD" ? response : { ...response, body: cut(response.body, 30) };
    });
    await w.deliver();
    expect(w.uploads.size).toBe(1);
    w.serve(() => answer({ status: 404 }));
    await w.clock.advance(60_000);
    await w.deliver();
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "http_404" });
    leavesNoLitter(w);
  });
});

describe("messages that are none", () => {
  it.each([
    ["no JSON", "{", "not JSON"],
    ["no object", "[]", "message: "],
    ["no URL", JSON.stringify({ work_id: "w", artifact_id: "a", url: "here" }), "url: not an absolute URL"],
  ])("%s: to the dead letters with the reason, once", async (_name, body, reason) => {
    const w = world();
    expect(await w.deliver(body)).toBe("acknowledge");
    expect(w.deadLetters).toHaveLength(1);
    expect(w.deadLetters[0]).toMatchObject({ body, reason: expect.stringContaining(reason) });
    expect(w.items.history).toHaveLength(0);
  });

  it("come back when even the dead-letter queue is out", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        queue: { ...deps.queue, sendToDeadLetters: async () => Promise.reject(new Error("out")) },
      }),
    });
    expect(await w.deliver("{")).toBe("return");
    expect(w.logs.join()).toContain("the queue delivers it again");
  });
});

describe("the lease", () => {
  /** An origin that answers GET only when told to. */
  const waitingOrigin = () => {
    const gate = Promise.withResolvers<void>();
    const origin: Origin = async (request) => {
      if (request.method === "GET") await gate.promise;
      request.signal.throwIfAborted();
      return fileOrigin(SMALL)(request);
    };
    return { origin, open: gate.resolve };
  };

  it("is renewed at a third of its time while the origin is slow, and hides the message as long", async () => {
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

  it("of a zombie is worth nothing: its successor's fence shuts it out of every write", async () => {
    const w = world();
    const { origin, open } = waitingOrigin();
    w.serve(origin);
    const zombie = w.deliver();
    await settled();
    const expired = w.job();
    // The zombie's own clock stands still; for its successor the lease has expired.
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

  it("that could not be renewed in time is given up", async () => {
    let isOut = false;
    const w = world({
      wrap: (deps) => ({
        ...deps,
        items: {
          ...deps.items,
          write: async (write) => (isOut ? Promise.reject(new Error("throttled")) : deps.items.write(write)),
        },
      }),
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
    expect(w.job()).toMatchObject({ state: "STREAMING", fence: 1 });
    expect(w.logs.join()).toContain("the lease was not renewed");
    expect(w.contentObjects.size).toBe(0);
  });

  it("our own write, sent again after its answer was lost, is not a refusal", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        items: {
          ...deps.items,
          write: async (write) => {
            await deps.items.write(write);
            return deps.items.write(write);
          },
        },
      }),
    });
    w.serve(fileOrigin(LARGE));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1, fence: 1 });
    expect(w.events.at(-1)?.event).toBe("lease_released");
  });

  it("is not renewed once it was given back, however late the heartbeat comes", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        items: {
          ...deps.items,
          write: async (write) => {
            if (write.set?.["state"] === "INDEXED") await w.clock.advance(50_000);
            return deps.items.write(write);
          },
        },
      }),
    });
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    await settled();
    expect(w.events.at(-1)?.event).toBe("lease_released");
    expect(eventsOf(w, "lease_renewed")).toEqual([]);
  });

  it("leaves nothing of itself on a finished record", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    const item = [...w.items.all.values()].find((found) => "work_id" in found) ?? {};
    for (const name of ["lease_owner", "available_at", "watch_at", "watch_shard"])
      expect(item).not.toHaveProperty(name);
    expect(item["expires_at"]).toBe(w.clock.nowMs() / 1000 + 86_400);
  });

  it("that nobody answers for is not taken", async () => {
    const w = world({
      wrap: (deps) => ({ ...deps, items: { ...deps.items, write: async () => ({ applied: false, item: undefined }) } }),
    });
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.requests).toHaveLength(0);
  });

  it("nothing is acknowledged while the table is out", async () => {
    const w = world({
      wrap: (deps) => ({ ...deps, items: { ...deps.items, write: async () => Promise.reject(new Error("outage")) } }),
    });
    expect(await w.deliver()).toBe("return");
  });

  it("that cannot even be given back expires by itself; the message comes back then", async () => {
    let writes = 0;
    const w = world({
      wrap: (deps) => ({
        ...deps,
        items: {
          ...deps.items,
          write: async (write) => {
            writes += 1;
            return writes > 1 ? Promise.reject(new Error("outage")) : deps.items.write(write);
          },
        },
      }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("return");
    expect(w.hidden).toEqual([120_000]);
  });
});

describe("the end of the invocation", () => {
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

  it("a file that takes longer goes on in the next one, under a new message, uncharged", async () => {
    const w = world();
    let hops = 0;
    while (w.job()?.state !== "INDEXED" && hops < 10) {
      const outOfTime = new AbortController();
      w.serve(slowly(LARGE, outOfTime, 20));
      expect(await w.deliver(w.sent.at(-1)?.body ?? MESSAGE, outOfTime.signal)).toBe("acknowledge");
      hops += 1;
    }
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1, transfer: { sha256: sha256Of(LARGE) } });
    expect(w.job()?.hops).toBe(hops - 1);
    expect(w.sent).toHaveLength(hops - 1);
    expect(JSON.parse(w.sent[0]?.body ?? "")).toEqual({ ...MESSAGE, tracked: true });
    leavesNoLitter(w);
  });

  it("a chain without end is ended", async () => {
    const w = world({ settings: { maxHops: 1 } });
    for (let hop = 0; hop < 2; hop++) {
      const outOfTime = new AbortController();
      w.serve(slowly(Buffer.alloc(1000), outOfTime, 20));
      await w.deliver(MESSAGE, outOfTime.signal);
    }
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "too_many_continuations", failureClass: "system" });
    leavesNoLitter(w);
  });

  it("hops without progress spend the retry budget", async () => {
    const w = world();
    for (let hop = 0; hop < 4; hop++) {
      const outOfTime = new AbortController();
      w.serve(slowly(LARGE, outOfTime, 3));
      await w.deliver(MESSAGE, outOfTime.signal);
    }
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "retries_exhausted:worker_crashed" });
  });

  it("a record that was not begun in time goes back untouched", async () => {
    const w = world();
    expect(await w.deliver(MESSAGE, AbortSignal.abort(new Error("late")))).toBe("return");
    expect(w.hidden).toEqual([0]);
    expect(w.items.history).toHaveLength(0);
  });

  it("a continuation that cannot be sent leaves the message where it is", async () => {
    const outOfTime = new AbortController();
    const w = world({
      wrap: (deps) => ({ ...deps, queue: { ...deps.queue, send: async () => Promise.reject(new Error("out")) } }),
    });
    w.serve(slowly(LARGE, outOfTime, 20));
    expect(await w.deliver(MESSAGE, outOfTime.signal)).toBe("return");
  });
});

describe("an upload whose completion was not recorded", () => {
  /** All parts are staged and on record; then Complete fails, before or after its effect. */
  const halfCompleted = async (takesEffect: boolean): Promise<World> => {
    let isOut = true;
    const w = world({
      wrap: (deps) => ({
        ...deps,
        staging: {
          ...deps.staging,
          completeUpload: async (upload, parts) => {
            if (!isOut) return deps.staging.completeUpload(upload, parts);
            isOut = false;
            if (takesEffect) await deps.staging.completeUpload(upload, parts);
            throw new Error("S3 is out");
          },
        },
      }),
    });
    w.serve(fileOrigin(LARGE));
    expect(await w.deliver()).toBe("return");
    expect(w.job()?.checkpoint?.offset).toBe(LARGE.length);
    await w.clock.advance(60_000);
    return w;
  };

  it.each([true, false])("is completed without asking the origin again (had it happened: %s)", async (takesEffect) => {
    const w = await halfCompleted(takesEffect);
    const requests = w.requests.length;
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(LARGE) } });
    expect(w.requests).toHaveLength(requests);
    leavesNoLitter(w);
  });

  it("starts over where something else lies in its place", async () => {
    const w = await halfCompleted(true);
    const [key = ""] = w.stagedObjects.keys();
    await w.staging.put(key, SMALL, "text/plain");
    expect(await w.deliver()).toBe("return");
    expect(w.job()?.checkpoint).toBeUndefined();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(LARGE) } });
  });
});

describe("staging that vanished", () => {
  it("before it was published: the body is fetched again", async () => {
    let isSwept = false;
    const w = world({
      wrap: (deps) => ({
        ...deps,
        content: {
          ...deps.content,
          publish: async (staged, key) => {
            if (!isSwept) await deps.staging.delete(staged.key);
            isSwept = true;
            return deps.content.publish(staged, key);
          },
        },
      }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("return");
    expect(w.job()).toMatchObject({ state: "STREAMING", reason: "staged_object_gone", failureClass: "system" });
    expect(w.job()?.transfer).toBeUndefined();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.state).toBe("INDEXED");
  });

  it("after it was published: nothing is fetched again", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        content: {
          ...deps.content,
          publish: async (staged, key) => {
            await deps.content.publish(staged, key);
            await deps.staging.delete(staged.key);
            return deps.content.publish(staged, key);
          },
        },
      }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.state).toBe("INDEXED");
  });

  it("that cannot be cleaned is left to the sweep", async () => {
    const w = world({
      wrap: (deps) => ({ ...deps, staging: { ...deps.staging, delete: async () => Promise.reject(new Error("out")) } }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.state).toBe("INDEXED");
    expect(w.stagedObjects.size).toBe(1);
    expect(w.logs.join()).toContain("the reconciler's sweep will");
  });
});

describe("the plain path, gate off", () => {
  const off = { settings: { gate: 0 } };

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
    ["permanent trouble", {}, () => answer({ status: 404 }), "http_404"],
    ["a wrong digest", { sha256: "0".repeat(64) }, fileOrigin(SMALL), "digest_mismatch"],
  ])("sends %s to the dead letters", async (_name, change, origin, reason) => {
    const w = world(off);
    w.serve(origin);
    expect(await w.deliver({ ...MESSAGE, ...change })).toBe("acknowledge");
    expect(w.deadLetters).toMatchObject([{ reason }]);
    leavesNoLitter(w);
  });

  it("returns transient trouble with a delay, until the deliveries are spent", async () => {
    const w = world({ settings: { gate: 0, retry: { maxAttempts: 2, baseMs: 1000, capMs: 1000 } } });
    w.serve(() => answer({ status: 503, headers: { "retry-after": "3" } }));
    expect(await w.deliver()).toBe("return");
    w.serve(() => Promise.reject(new Error("odd")));
    expect(await w.deliver()).toBe("return");
    expect(w.hidden).toEqual([3000, 500]);
    const last = world({ settings: { gate: 0, retry: { maxAttempts: 1, baseMs: 1000, capMs: 1000 } } });
    last.serve(() => answer({ status: 503 }));
    expect(await last.deliver()).toBe("acknowledge");
    expect(last.deadLetters).toMatchObject([{ reason: "http_503" }]);
  });

  it("goes back whole at the end of the invocation", async () => {
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

  it("lets a job with a record finish on its own side", async () => {
    const w = world(off);
    w.serve(fileOrigin(SMALL));
    await w.deliver({ ...MESSAGE, tracked: true });
    expect(w.job()?.state).toBe("INDEXED");
  });
});

it("a job's id is what a producer computes", async () => {
  const w = world();
  w.serve(fileOrigin(SMALL));
  await w.deliver();
  expect(w.job()?.jobId).toBe(jobIdOf(MESSAGE));
});
