import { describe, expect, it } from "vitest";
import { contentKey } from "../../../../core/model/keys.ts";
import { trackedMessage } from "../../../../core/model/message.ts";
import { answer, fileOrigin, MESSAGE, world, type Origin } from "../../../simulation/world.ts";
import { SMALL, LARGE, sha256Of, eventsOf, leavesNoLitter, cut } from "../support.ts";

it("a transfer that fails keeps its own reason if its upload cannot be aborted either", async () => {
  const w = world({
    settings: { maxBodyBytes: LARGE.length + 1 },
    wrap: (deps) => ({
      ...deps,
      staging: { ...deps.staging, abortUpload: async () => Promise.reject(new Error("the store is down")) },
    }),
  });
  const headers = { "transfer-encoding": "chunked" };
  const endless = async function* (): AsyncIterable<Uint8Array> {
    yield LARGE;
    yield LARGE;
  };
  w.serve(({ method }) => answer({ headers, ...(method === "GET" && { body: endless() }) }));
  expect(await w.deliver()).toBe("acknowledge");
  expect(w.job()).toMatchObject({ state: "FAILED", reason: "too_large", failureClass: "policy" });
});

it("a URL without a host fails by policy, with an event that says so", async () => {
  const w = world();
  const message = { ...MESSAGE, url: "mailto:somebody@example.com" };
  expect(await w.deliver(message)).toBe("acknowledge");
  expect(w.job(message)).toMatchObject({ state: "FAILED", reason: "unsupported_scheme:mailto" });
  expect(eventsOf(w, "job_state_changed").at(-1)).toMatchObject({ to_state: "FAILED", host: "none" });
});

describe("transient trouble", () => {
  it("keeps the state, counts the attempt, releases the lease and sends a delayed message", async () => {
    const w = world();
    w.serve(({ method }) =>
      method === "HEAD" ? answer({}) : answer({ status: 503, headers: { "retry-after": "9" } }),
    );
    expect(await w.deliver()).toBe("acknowledge");
    expect([w.sent, w.hidden]).toEqual([[trackedMessage(MESSAGE, 9450)], []]);
    expect(w.job()).toMatchObject({ state: "STREAMING", attempts: 1, reason: "http_503", failureClass: "origin" });
    expect(w.job()?.leaseOwner).toBeUndefined();
    expect(w.job()?.operations.STREAM).toBeUndefined();
    expect(w.job()?.operations.HEAD?.status).toBe("DONE");
  });

  it("replaces a message that is delivered before the delay is over by one that waits for the rest, uncharged", async () => {
    const w = world();
    w.serve(() => answer({ status: 503, headers: { "retry-after": "9" } }));
    await w.deliver();
    await w.clock.advance(4000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.sent.map(({ delayMs }) => delayMs)).toEqual([9450, 5450]);
    expect(w.job()?.attempts).toBe(1);
  });

  it("that passes ends in INDEXED, and HEAD is replayed, not repeated", async () => {
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

  it("that exhausts the retry budget fails the job with the last reason", async () => {
    const w = world();
    w.serve(() => answer({ status: 502 }));
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(await w.deliver()).toBe("acknowledge");
      expect(w.sent).toHaveLength(Math.min(attempt, 2));
      await w.clock.advance(60_000);
    }
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "retries_exhausted:http_502", failureClass: "origin" });
    expect(w.requests.map(({ method }) => method)).toEqual(["HEAD", "GET", "GET", "GET"]);
  });

  it("with the staging bucket has the class system, not origin", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        staging: { ...deps.staging, put: async () => Promise.reject(new Error("S3 is out")) },
      }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ reason: "unexpected:Error", failureClass: "system" });
  });
});

describe("permanent trouble", () => {
  it.each<[string, object, Origin, string, string]>([
    ["status 404", {}, () => answer({ status: 404 }), "http_404", "origin"],
    ["status 403", {}, () => answer({ status: 403 }), "http_403", "origin"],
    [
      "a body with another digest than expected",
      { sha256: "0".repeat(64) },
      fileOrigin(LARGE),
      "digest_mismatch",
      "origin",
    ],
    ["a private address", { url: "http://10.0.0.1/" }, fileOrigin(SMALL), "private_address", "policy"],
    ["an unsupported scheme", { url: "ftp://example.com/" }, fileOrigin(SMALL), "unsupported_scheme:ftp", "policy"],
    ["credentials in the URL", { url: "http://a:b@example.com/" }, fileOrigin(SMALL), "credentials_in_url", "policy"],
    [
      "a body that exceeds the limit and did not announce its length",
      {},
      () => answer({ body: Buffer.alloc(101) }),
      "too_large",
      "policy",
    ],
    [
      "a forbidden type that only GET reveals",
      {},
      ({ method }) => answer({ headers: { "content-type": method === "HEAD" ? "text/plain" : "image/png" } }),
      "type_not_allowed:image/png",
      "policy",
    ],
  ])("fails the job at once: %s", async (_name, change, origin, reason, failureClass) => {
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

  it("of the class system fails a job whose content address holds an object of another size", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    const other = { body: LARGE, etag: "", contentType: "", createdMs: 0 };
    w.contentObjects.set(contentKey(sha256Of(SMALL)), other);
    await w.deliver();
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "content_size_mismatch", failureClass: "system" });
  });

  it("aborts the multipart upload of the job that it fails", async () => {
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

describe("an invalid message", () => {
  it.each([
    ["not JSON", "{", "not JSON"],
    ["not an object", "[]", "message: "],
    [
      "not an absolute URL",
      JSON.stringify({ work_id: "w", artifact_id: "a", url: "here" }),
      "url: not an absolute URL",
    ],
  ])("goes to the dead-letter queue once, with the reason: %s", async (_name, body, reason) => {
    const w = world();
    expect(await w.deliver(body)).toBe("acknowledge");
    expect(w.deadLetters).toHaveLength(1);
    expect(w.deadLetters[0]).toMatchObject({ body, reason: expect.stringContaining(reason) });
    expect(w.items.history).toHaveLength(0);
  });

  it("goes back to the queue if the dead-letter queue is down", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        queue: { ...deps.queue, sendToDeadLetters: async () => Promise.reject(new Error("out")) },
      }),
    });
    expect(await w.deliver("{")).toBe("return");
    expect(w.logs.join()).toContain("The queue delivers it again");
  });
});
