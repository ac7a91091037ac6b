import { describe, expect, it } from "vitest";
import { LeaseLostError, RetryableError } from "../../../../core/model/errors.ts";
import { probeOrigin } from "../../../../core/origin/probe.ts";
import { answer, MESSAGE, world, type Origin } from "../../../simulation/world.ts";

const URL_OF_FILE = "https://origin.example/file";

describe("HEAD", () => {
  const probe = async (origin: Origin) => {
    const w = world();
    w.serve(origin);
    const result = await probeOrigin(w.deps, { url: URL_OF_FILE, signal: new AbortController().signal });
    return { result, requests: w.requests };
  };

  it("tells the validator and the length", async () => {
    const { result, requests } = await probe(() => answer({ headers: { etag: '"v"', "content-length": "7" } }));
    expect(result).toEqual({ validator: '"v"', bytes: 7 });
    expect(requests).toMatchObject([{ method: "HEAD", headTimeoutMs: 10_000 }]);
  });

  it.each([204, 301, 302, 304, 400, 401, 403, 404, 405, 406, 410, 415, 418, 429, 500, 501, 503, 999])(
    "forbids nothing with status %d",
    async (status) => {
      expect((await probe(() => answer({ status }))).result).toEqual({ validator: "" });
    },
  );

  it.each([["http://127.0.0.1/"], ["ftp://origin.example/"], ["http://"], [URL_OF_FILE]])(
    "forbids nothing with a redirect to %s",
    async (location) => {
      expect((await probe(() => answer({ status: 302, headers: { location } }))).result).toEqual({ validator: "" });
    },
  );

  it.each(["origin_timeout", "origin_connection_lost", "origin_speaks_no_http"])(
    "forbids nothing with %s",
    async (reason) => {
      const { result } = await probe(() => {
        throw new RetryableError(reason);
      });
      expect(result).toEqual({ validator: "" });
    },
  );

  it.each([
    new RetryableError("origin_refused_connection"),
    new RetryableError("origin_name_not_found"),
    new RetryableError("origin_certificate:expired"),
    new LeaseLostError(),
  ])("leaves to others what is not the origin's answer: $reason", async (error) => {
    const probing = probe(() => {
      throw error;
    });
    await expect(probing).rejects.toBe(error);
  });

  const headOf = (requests: readonly { readonly method: string }[]): number =>
    requests.filter(({ method }) => method === "HEAD").length;
  const file = (n: number) => ({ ...MESSAGE, artifact_id: String(n), url: `${URL_OF_FILE}${n}` });

  it("is not sent again to a host on which GET delivers what HEAD refused, for a quarter of an hour", async () => {
    const w = world();
    w.serve(({ method }) => answer(method === "HEAD" ? { status: 403 } : { body: Buffer.from("x") }));
    for (const n of [1, 2, 3]) await w.deliver(file(n));
    expect(headOf(w.requests)).toBe(1);
    await w.clock.advance(15 * 60_000);
    await w.deliver(file(4));
    expect(headOf(w.requests)).toBe(2);
    expect([1, 2, 3, 4].map((n) => w.job(file(n))?.state)).toEqual(["INDEXED", "DEDUPED", "DEDUPED", "DEDUPED"]);
  });

  it("is sent again to a host whose GET refuses as well", async () => {
    const w = world();
    w.serve(() => answer({ status: 404 }));
    for (const n of [1, 2]) await w.deliver(file(n));
    expect(headOf(w.requests)).toBe(2);
  });
});
