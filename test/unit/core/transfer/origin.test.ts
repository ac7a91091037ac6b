import { describe, expect, it } from "vitest";
import { probeOrigin } from "../../../../core/transfer/probe.ts";
import { contentLengthOf, contentRangeOf, contentTypeOf, strongValidatorOf } from "../../../../core/transfer/origin.ts";
import { continuesFrom, decideResume, resumeHeaders } from "../../../../core/transfer/resume.ts";
import type { Checkpoint } from "../../../../core/model/record.ts";
import { answer, world, type Answer, type Origin } from "../../../simulation/world.ts";

const headersOf = (headers: Record<string, string>) => answer({ headers });
const DATE = "Thu, 01 Jan 2026 00:00:10 GMT";

describe("the strong validator of a response", () => {
  it.each([
    [{ etag: '"abc"' }, '"abc"'],
    [{ etag: 'W/"abc"' }, undefined],
    [{ etag: "abc" }, undefined],
    [{ "last-modified": "Thu, 01 Jan 2026 00:00:09 GMT", date: DATE }, "Thu, 01 Jan 2026 00:00:09 GMT"],
    [{ "last-modified": DATE, date: DATE }, undefined],
    [{ "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" }, undefined],
    [{ etag: 'W/"x"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", date: DATE }, undefined],
    [{}, undefined],
  ])("with headers %j is %j", (headers, validator) => {
    expect(strongValidatorOf(headersOf(headers))).toBe(validator);
  });
});

it.each([
  ["bytes 5-9/10", { start: 5, totalBytes: 10 }],
  ["bytes 5-9/*", undefined],
  ["bytes */10", undefined],
  ["items 5-9/10", undefined],
  [undefined, undefined],
])("Content-Range %j is parsed as %j", (header, range) => {
  expect(contentRangeOf(headersOf(header === undefined ? {} : { "content-range": header }))).toEqual(range);
});

it("an invalid Content-Length counts as unknown, and a missing Content-Type as application/octet-stream", () => {
  expect(contentLengthOf(headersOf({ "content-length": "12" }))).toBe(12);
  expect(contentLengthOf(headersOf({ "content-length": "-1" }))).toBeUndefined();
  expect(contentLengthOf(headersOf({}))).toBeUndefined();
  expect(contentTypeOf(headersOf({ "content-type": " " }))).toBe("application/octet-stream");
});

describe("resuming a transfer", () => {
  const checkpoint: Checkpoint = {
    stagedBy: "1",
    uploadId: "u",
    validator: '"v1"',
    totalBytes: 100,
    offset: 40,
    hashState: "",
    partsDigest: "",
    contentType: "text/plain",
  };

  it("starts over without a checkpoint, resumes from one in the middle, and completes from one at the end", () => {
    expect(decideResume(undefined).kind).toBe("start over");
    expect(decideResume(checkpoint).kind).toBe("resume");
    expect(decideResume({ ...checkpoint, offset: 100 }).kind).toBe("complete");
  });

  it("requests the missing range, and only of the same version (If-Range)", () => {
    expect(resumeHeaders(checkpoint)).toEqual({ range: "bytes=40-", "if-range": '"v1"' });
  });

  const good: Answer = { status: 206, headers: { "content-range": "bytes 40-99/100", etag: '"v1"' } };
  it.each<[string, Answer, boolean]>([
    ["the requested range", good, true],
    ["the requested range, without an ETag", { status: 206, headers: { "content-range": "bytes 40-99/100" } }, true],
    [
      "the requested range, with Last-Modified and Date",
      {
        ...good,
        headers: { "content-range": "bytes 40-99/100", "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", date: DATE },
      },
      true,
    ],
    ["a range with another start", { ...good, headers: { "content-range": "bytes 0-99/100" } }, false],
    ["a range of another total length", { ...good, headers: { "content-range": "bytes 40-100/101" } }, false],
    ["a range of an unknown total length", { ...good, headers: { "content-range": "bytes 40-99/*" } }, false],
    ["the range of another version", { ...good, headers: { ...good.headers, etag: '"v2"' } }, false],
    ["the whole body", { ...good, status: 200 }, false],
  ])("with an answer that is %s: accepted %s", (_name, response, isBelieved) => {
    expect(continuesFrom(checkpoint, answer(response))).toBe(isBelieved);
  });
});

describe("the probe of an origin", () => {
  const probe = async (origin: Origin, settings = {}) => {
    const w = world({ settings });
    w.serve(origin);
    return {
      result: await probeOrigin(w.deps, "https://origin.example/file", new AbortController().signal),
      requests: w.requests,
    };
  };

  it("takes the validator and the length from HEAD", async () => {
    const { result, requests } = await probe(() => answer({ headers: { etag: '"v"', "content-length": "7" } }));
    expect(result).toEqual({ validator: '"v"', bytes: 7 });
    expect(requests.map(({ method }) => method)).toEqual(["HEAD"]);
    expect(requests[0]?.headers["accept-encoding"]).toBe("identity");
  });

  it.each([400, 403, 405, 501])("requests the first byte with GET if HEAD is answered with %d", async (status) => {
    const { result, requests } = await probe(({ method }) =>
      method === "HEAD"
        ? answer({ status })
        : answer({ status: 206, headers: { etag: '"v"', "content-range": "bytes 0-0/9", "content-length": "1" } }),
    );
    expect(result).toEqual({ validator: '"v"', bytes: 9 });
    expect(requests[1]?.headers["range"]).toBe("bytes=0-0");
  });

  it.each([
    ["ignores the range", { status: 200, headers: { "content-length": "9" } }, { validator: "", bytes: 9 }],
    ["has an empty body", { status: 416, headers: { etag: '"e"' } }, { validator: '"e"' }],
  ])("works if HEAD is refused and the origin %s", async (_name, first, result) => {
    const probed = await probe(({ method }) => (method === "HEAD" ? answer({ status: 405 }) : answer(first)));
    expect(probed.result).toEqual(result);
  });

  it.each([
    [404, "PermanentError"],
    [410, "PermanentError"],
    [401, "PermanentError"],
    [451, "PermanentError"],
    [304, "PermanentError"],
    [408, "RetryableError"],
    [425, "RetryableError"],
    [429, "RetryableError"],
    [500, "RetryableError"],
    [503, "RetryableError"],
  ])("treats HTTP %d as a %s", async (status, name) => {
    await expect(probe(() => answer({ status }))).rejects.toMatchObject({ name, reason: `http_${status}` });
  });

  it("passes Retry-After on", async () => {
    await expect(probe(() => answer({ status: 503, headers: { "retry-after": "7" } }))).rejects.toMatchObject({
      retryAfterMs: 7000,
    });
  });

  it("follows a relative redirect", async () => {
    const { requests } = await probe(({ url }) =>
      url.endsWith("/file")
        ? answer({ status: 302, headers: { location: "/moved" } })
        : answer({ headers: { "content-length": "1" } }),
    );
    expect(requests.map(({ url }) => url)).toEqual(["https://origin.example/file", "https://origin.example/moved"]);
  });

  it.each([
    ["http://127.0.0.1:9001/", "policy", "private_address"],
    ["ftp://origin.example/", "policy", "unsupported_scheme:ftp"],
    ["http://", "origin", "redirect_to_invalid_url"],
    ["https://origin.example/file", "origin", "too_many_redirects"],
    ["https://origin.example:8443/file", "origin", "too_many_redirects"],
    ["http://origin.example/file", "policy", "redirect_to_http"],
    ["https://origin.example:22/file", "policy", "port_not_allowed:22"],
  ])("fails the job on a redirect to %s (%s: %s)", async (location, failureClass, reason) => {
    const redirect = probe(() => answer({ status: 301, headers: { location } }));
    await expect(redirect).rejects.toMatchObject({ name: "PermanentError", failureClass, reason });
  });

  it("treats a redirect without a Location as a plain status", async () => {
    await expect(probe(() => answer({ status: 301 }))).rejects.toMatchObject({ reason: "http_301" });
  });

  it.each([
    [{ maxBodyBytes: 5 }, "too_large"],
    [{ allowedContentTypes: ["image/*"] }, "type_not_allowed:text/html"],
    [{ allowedContentTypes: ["text/plain", "application/pdf"] }, "type_not_allowed:text/html"],
  ])("refuses six bytes of HTML under the settings %j", async (settings, reason) => {
    const origin = () => answer({ headers: { "content-length": "6", "content-type": "Text/HTML; charset=utf-8" } });
    await expect(probe(origin, settings)).rejects.toMatchObject({ failureClass: "policy", reason });
  });

  it.each([["text/*"], ["text/html"]])("accepts HTML if %s is allowed", async (type) => {
    const origin = () => answer({ headers: { "content-type": "text/html" } });
    await expect(probe(origin, { allowedContentTypes: [type] })).resolves.toBeDefined();
  });
});
