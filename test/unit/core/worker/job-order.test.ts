/** What a message may say of the file that it wants. */
import { hash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jobIdOf } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import type { HttpRequest } from "../../../../core/ports/http.ts";
import type { Secret } from "../../../../core/ports/secrets.ts";
import { deliver } from "../../../../core/worker/deliver.ts";
import { answer, fileOrigin, MESSAGE, world, type Origin, type World } from "../../../simulation/world.ts";
import { getsOf, LARGE, SMALL } from "../support.ts";

const OTHER = "https://mirror.example/file";
const THIRD = "https://third.example/file";

/** Answers by URL; everything else is absent. */
const byUrl =
  (origins: Readonly<Record<string, Origin>>): Origin =>
  (request) =>
    origins[request.url]?.(request) ?? answer({ status: 404 });

const delivered = async (message: JobMessage, origin: Origin, times = 1): Promise<World> => {
  const w = world();
  w.serve(origin);
  for (let n = 0; n < times; n++) {
    await w.deliver(message);
    await w.clock.advance(60_000);
  }
  return w;
};

describe("what a file must be", () => {
  const right = {
    sha512: hash("sha512", SMALL),
    md5: hash("md5", SMALL).toUpperCase(),
    bytes: SMALL.length,
    expect: { type: "text/*", least_bytes: SMALL.length, most_bytes: SMALL.length },
  };

  it("is compared, and what it is is stored", async () => {
    const w = await delivered({ ...MESSAGE, ...right }, fileOrigin(SMALL));
    expect(w.job({ ...MESSAGE, ...right })?.state).toBe("INDEXED");
  });

  it.each<[Partial<JobMessage>, string]>([
    [{ sha512: "0".repeat(128) }, "digest_mismatch"],
    [{ md5: "0".repeat(32) }, "digest_mismatch"],
    [{ bytes: SMALL.length + 1 }, "size_mismatch"],
    [{ bytes: SMALL.length - 1 }, "size_mismatch"],
    [{ expect: { least_bytes: SMALL.length + 1 } }, "smaller_than_expected"],
    [{ expect: { most_bytes: SMALL.length - 1 } }, "larger_than_expected"],
    [{ expect: { type: "application/pdf" } }, "unexpected_type:text/plain"],
    [{ expect: { type: "image/*" } }, "unexpected_type:text/plain"],
  ])("fails the job at once if it is not: %j", async (wanted, reason) => {
    const message = { ...MESSAGE, ...wanted };
    const w = await delivered(message, fileOrigin(SMALL));
    expect(w.job(message)).toMatchObject({ state: "FAILED", reason, failureClass: "origin", attempts: 1 });
    expect(w.stagedObjects.size + w.uploads.size).toBe(0);
  });

  it.each<[Partial<JobMessage>, string]>([
    [{ md5: "0".repeat(32) }, "digest_mismatch"],
    [{ sha512: "0".repeat(128) }, "digest_mismatch"],
    [{ bytes: LARGE.length - 1 }, "size_mismatch"],
  ])("fails a job of several parts, and leaves nothing: %j", async (wanted, reason) => {
    const message = { ...MESSAGE, ...wanted };
    const w = await delivered(message, fileOrigin(LARGE));
    expect(w.job(message)).toMatchObject({ state: "FAILED", reason });
    expect(w.stagedObjects.size + w.uploads.size).toBe(0);
  });

  it("is compared after a crash in the middle as well", async () => {
    const message = { ...MESSAGE, md5: hash("md5", LARGE), sha512: hash("sha512", LARGE) };
    let pieces = 0;
    const w = world();
    w.serve(async (request) => {
      const response = await fileOrigin(LARGE)(request);
      return { ...response, body: cutOnce(response.body) };
    });
    await w.deliver(message);
    expect(w.job(message)?.checkpoint?.offset).toBeGreaterThan(0);
    await w.clock.advance(60_000);
    await w.deliver(message);
    expect(w.job(message)).toMatchObject({ state: "INDEXED", attempts: 2 });
    expect(w.job(message)?.resumedBytes).toBeGreaterThan(0);

    async function* cutOnce(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      for await (const piece of body) {
        pieces += 1;
        if (pieces === 10) return;
        yield piece;
      }
    }
  });

  it("is judged by what the bytes show, not by what the origin says", async () => {
    const message = { ...MESSAGE, expect: { type: "application/pdf" } };
    const pdf = fileOrigin(Buffer.from("%PDF-1.7"), '"v"', "application/octet-stream");
    expect((await delivered(message, pdf)).job(message)?.state).toBe("INDEXED");
    const png = fileOrigin(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), '"v"', "application/pdf");
    expect((await delivered(message, png)).job(message)?.reason).toBe("unexpected_type:image/png");
  });
});

describe("mirrors", () => {
  const message = { ...MESSAGE, mirrors: [OTHER, THIRD] };

  it("are tried in their order when the first source has no such file", async () => {
    const w = await delivered(message, byUrl({ [THIRD]: fileOrigin(SMALL) }));
    expect(w.job(message)).toMatchObject({ state: "INDEXED", attempts: 1, transfer: { finalUrl: THIRD } });
    expect(getsOf(w)).toEqual([MESSAGE.url, OTHER, THIRD]);
  });

  it("are not asked when the first source delivers", async () => {
    const w = await delivered(message, byUrl({ [MESSAGE.url]: fileOrigin(SMALL), [OTHER]: fileOrigin(LARGE) }));
    expect(getsOf(w)).toEqual([MESSAGE.url]);
  });

  it("fail the job only if all of them refuse, with what the first one said", async () => {
    const w = await delivered(message, byUrl({ [MESSAGE.url]: () => answer({ status: 410 }) }));
    expect(w.job(message)).toMatchObject({ state: "FAILED", reason: "http_410" });
  });

  it("keep the job open if one of them may deliver later", async () => {
    const later = byUrl({ [OTHER]: () => answer({ status: 503, headers: { "retry-after": "7" } }) });
    const w = await delivered(message, later);
    expect(w.job(message)).toMatchObject({ state: "STREAMING", reason: "http_503" });
  });

  it("that the policy refuses are passed over", async () => {
    const inside = { ...MESSAGE, mirrors: ["http://10.0.0.1/file", OTHER] };
    const w = await delivered(inside, byUrl({ [OTHER]: fileOrigin(SMALL) }));
    expect(w.job(inside)?.state).toBe("INDEXED");
  });
});

describe("an identity", () => {
  const signed = (signature: string): JobMessage => ({
    ...MESSAGE,
    url: `https://origin.example/file?signature=${signature}`,
    identity: "https://origin.example/file",
  });

  it("makes messages with other signatures the same job, which is fetched with the newest one", async () => {
    const w = world();
    w.serve(() => answer({ status: 503 }));
    await w.deliver(signed("old"));
    expect(jobIdOf(signed("new"))).toBe(jobIdOf(signed("old")));
    await w.clock.advance(60_000);
    w.serve(byUrl({ [signed("new").url]: fileOrigin(SMALL) }));
    await w.deliver(signed("new"));
    expect(w.job(signed("new"))).toMatchObject({ state: "INDEXED", attempts: 2, url: signed("new").url });
  });

  it("keeps the newest signature when an older message comes back", async () => {
    const w = world();
    w.serve(() => answer({ status: 503 }));
    const redelivered = {
      messageId: "m",
      body: JSON.stringify(signed("old")),
      receiptHandle: "r",
      receiveCount: 2,
      sentAtMs: 0,
    };
    await w.deliver(signed("old"));
    await w.clock.advance(60_000);
    await w.deliver(signed("new"));
    await w.clock.advance(60_000);
    await deliver(w.deps, redelivered, new AbortController().signal);
    expect(w.job(signed("new"))).toMatchObject({ attempts: 3, url: signed("new").url });
  });

  it("renews the signature of a job that another worker holds, or that waits", async () => {
    const w = world();
    w.serve(() => answer({ status: 503, headers: { "retry-after": "600" } }));
    await w.deliver(signed("old"));
    await w.clock.advance(1000);
    expect(await w.deliver(signed("new"))).toBe("acknowledge");
    expect(w.job(signed("new"))).toMatchObject({ attempts: 1, url: signed("new").url });
    await w.clock.advance(700_000);
    w.serve(byUrl({ [signed("new").url]: fileOrigin(SMALL) }));
    await w.deliver({ ...signed("old"), tracked: true });
    expect(w.job(signed("new"))?.state).toBe("INDEXED");
  });

  it("is another job than one without it, and than another identity", () => {
    const ids = [MESSAGE, { ...MESSAGE, identity: MESSAGE.url }, { ...MESSAGE, identity: "x" }].map(jobIdOf);
    expect(new Set(ids).size).toBe(3);
  });
});

describe("headers of a job", () => {
  const SECRET: Secret = { hosts: ["*.example"], headers: { authorization: "Bearer x" } };
  const asked = async (message: JobMessage, origin: Origin, secret: Secret | undefined = SECRET) => {
    const w = world({ wrap: (deps) => ({ ...deps, secrets: { read: async () => secret } }) });
    w.serve(origin);
    await w.deliver(message);
    const sent = (url: string): readonly HttpRequest["headers"][] =>
      w.requests.filter((request) => request.url === url).map(({ headers }) => headers);
    return { job: w.job(message), sent, w };
  };
  const message = { ...MESSAGE, headers: { "X-Team": "data" }, auth: "archive" };

  it("are sent with every request to its own origin, and dropped where a redirect leads elsewhere", async () => {
    const away = "https://elsewhere.example/file";
    const { job, sent } = await asked(
      message,
      byUrl({
        [MESSAGE.url]: () => answer({ status: 302, headers: { location: "/here" } }),
        "https://origin.example/here": () => answer({ status: 302, headers: { location: away } }),
        [away]: fileOrigin(SMALL),
      }),
    );
    expect(job?.state).toBe("INDEXED");
    const own = { "x-team": "data", authorization: "Bearer x" };
    for (const headers of [...sent(MESSAGE.url), ...sent("https://origin.example/here")])
      expect(headers).toMatchObject(own);
    for (const headers of sent(away)) {
      expect(headers).not.toHaveProperty("authorization");
      expect(headers).not.toHaveProperty("x-team");
    }
    expect(sent(away)).toHaveLength(2);
  });

  it("hold no secret in the record, in events or in the log", async () => {
    const { job, w } = await asked(message, byUrl({ [MESSAGE.url]: fileOrigin(SMALL) }));
    const all = JSON.stringify([job, [...w.items.all.values()], w.events, w.logs, w.sent]);
    expect(all).toContain("archive");
    expect(all).not.toContain("Bearer");
  });

  it.each([
    ["is not known", undefined, "secret_unknown:archive"],
    ["is not for the host", { ...SECRET, hosts: ["other.example"] }, "secret_not_for_host:origin.example"],
  ])("fail the job before any request if its secret %s", async (_what, secret, reason) => {
    const w = world({ wrap: (deps) => ({ ...deps, secrets: { read: async () => secret } }) });
    w.serve(fileOrigin(SMALL));
    await w.deliver(message);
    expect(w.job(message)).toMatchObject({ state: "FAILED", failureClass: "policy", reason });
    expect(w.requests).toEqual([]);
  });

  it("leave the secret out for a mirror that may not get it", async () => {
    const mirrored = { ...message, mirrors: ["https://mirror.test/file"] };
    const { job, sent } = await asked(mirrored, byUrl({ "https://mirror.test/file": fileOrigin(SMALL) }));
    expect(job?.state).toBe("INDEXED");
    for (const headers of sent("https://mirror.test/file")) {
      expect(headers).toMatchObject({ "x-team": "data" });
      expect(headers).not.toHaveProperty("authorization");
    }
  });
});

describe("a message", () => {
  it.each([
    [{ sha265: "x" }, "sha265: unknown field; did you mean sha256?"],
    [{ "work-id": "x" }, "work-id: unknown field; did you mean work_id?"],
    [{ Mirror: [] }, "Mirror: unknown field; did you mean mirrors?"],
    [{ priority: 1 }, "priority: unknown field; put what is your own into metadata"],
    [{ headers: { Authorization: "Bearer x" } }, "headers.Authorization: "],
    [{ headers: { Range: "bytes=0-" } }, "headers.Range: "],
    [{ mirrors: [] }, "mirrors: "],
    [{ mirrors: ["x"] }, "mirrors.0: not an absolute URL"],
    [{ bytes: -1 }, "bytes: "],
    [{ bytes: 1.5 }, "bytes: "],
    [{ md5: "x" }, "md5: not 32 hexadecimal digits"],
    [{ metadata: { long: "x".repeat(1024) } }, "metadata: longer than 1024 bytes of JSON"],
    [{ expect: { size: 1 } }, "expect: "],
    [{ expect: { type: "pdf" } }, "expect.type: not a media type"],
    [{ auth: "a b" }, "auth: not the name of a secret"],
  ])("with %j goes to the dead letters, with a reason", async (more, reason) => {
    const w = world();
    await w.deliver({ ...MESSAGE, ...more });
    expect(w.deadLetters).toHaveLength(1);
    expect(w.deadLetters[0]?.reason).toContain(reason);
    expect(w.requests).toEqual([]);
  });

  it("of ours with a field of a newer release is read without it", async () => {
    const w = world();
    w.serve(() => answer({ status: 503 }));
    w.serve(fileOrigin(SMALL));
    await w.deliver({ ...MESSAGE, tracked: true, newer: 1 });
    expect(w.job()?.state).toBe("INDEXED");
  });

  it("is sent again with all that it said, when the reconciler brings its job back", async () => {
    const said: JobMessage = {
      ...MESSAGE,
      sha256: "a".repeat(64),
      md5: "b".repeat(32),
      mirrors: [OTHER],
      headers: { "x-a": "1" },
      metadata: { title: "Mine", deep: [1, { x: null }] },
      expect: { type: "text/*" },
      identity: "mine",
      refresh: "monday",
    };
    const w = world();
    w.serve(() => answer({ status: 503 }));
    await w.deliver(said);
    await w.clock.advance(24 * 3_600_000);
    await w.reconcile();
    expect(w.sent.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { ...said, tracked: true },
      { ...said, tracked: true },
    ]);
  });
});
