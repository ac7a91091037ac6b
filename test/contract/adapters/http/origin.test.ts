/** The simulator's origin and a real one give the same answers to the same requests. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HttpResponse } from "../../../../core/ports/http.ts";
import { bodyOf, thrownBy } from "./http-support.ts";
import { originBackends, type Behaviour, type OriginBackend, type ServedFile } from "./origin-backends.ts";

describe.each(Object.entries(originBackends))("%s", (_name, start) => {
  let backend: OriginBackend;
  beforeAll(async () => {
    backend = await start();
  });
  afterAll(async () => backend[Symbol.asyncDispose]());

  const ask = async (
    { http, url }: ServedFile,
    headers: Readonly<Record<string, string>> = {},
    method: "HEAD" | "GET" = "GET",
  ): Promise<HttpResponse> => http.request({ method, url, headers, signal: new AbortController().signal });

  it.each<[string, Behaviour, RegExp]>([
    ["a strong validator", {}, /^"/],
    ["a weak validator", { validator: "weak" }, /^W\/"/],
    ["no validator", { validator: "none" }, /^none$/],
  ])("answers HEAD with length, type and %s, and without a body", async (_kind, behaviour, etag) => {
    const response = await ask(backend.serve(behaviour), {}, "HEAD");
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ "content-length": "1000", "content-type": "text/plain" });
    expect(response.headers["etag"] ?? "none").toMatch(etag);
    expect(await bodyOf(response)).toHaveLength(0);
  });

  it("answers GET with the whole body and the validator of HEAD", async () => {
    const file = backend.serve({});
    const head = await ask(file, {}, "HEAD");
    const response = await ask(file);
    expect(response.status).toBe(200);
    expect(response.headers["etag"]).toBe(head.headers["etag"]);
    expect((await bodyOf(response)).equals(file.body)).toBe(true);
  });

  it("sends no Content-Length with a chunked body", async () => {
    const file = backend.serve({ length: "chunked" });
    const response = await ask(file);
    expect(response.headers).not.toHaveProperty("content-length");
    expect((await bodyOf(response)).equals(file.body)).toBe(true);
  });

  it("sends the requested range of the version that If-Range names", async () => {
    const file = backend.serve({});
    const { headers } = await ask(file, {}, "HEAD");
    const response = await ask(file, { range: "bytes=400-", "if-range": String(headers["etag"]) });
    expect(response.status).toBe(206);
    expect(response.headers).toMatchObject({ "content-range": "bytes 400-999/1000", "content-length": "600" });
    expect((await bodyOf(response)).equals(file.body.subarray(400))).toBe(true);
  });

  it.each<[string, Behaviour, Readonly<Record<string, string>>]>([
    ["if If-Range names another version", {}, { range: "bytes=400-", "if-range": '"another"' }],
    ["if it ignores ranges", { ranges: "ignored" }, { range: "bytes=400-" }],
    ["if it has only a weak validator", { validator: "weak" }, { range: "bytes=400-", "if-range": '"v1"' }],
  ])("sends the whole body %s", async (_why, behaviour, headers) => {
    const file = backend.serve(behaviour);
    const response = await ask(file, headers);
    expect(response.status).toBe(200);
    expect((await bodyOf(response)).equals(file.body)).toBe(true);
  });

  it("answers 416 to a range that begins at the end of the body", async () => {
    const response = await ask(backend.serve({}), { range: "bytes=1000-" });
    expect(response.status).toBe(416);
    expect(response.headers["content-range"]).toBe("bytes */1000");
  });

  it("delivers the bytes before the tear of a torn body, and then a RetryableError", async () => {
    const file = backend.serve({ tearAfter: 300 });
    const response = await ask(file);
    const got: Uint8Array[] = [];
    const reading = async (): Promise<void> => {
      for await (const piece of response.body) got.push(piece);
    };
    expect(await thrownBy(reading())).toMatchObject({ name: "RetryableError", reason: "origin_connection_lost" });
    expect(Buffer.concat(got).equals(file.body.subarray(0, 300))).toBe(true);
  });

  it("answers a redirect with its Location, which the client does not follow", async () => {
    const response = await ask(backend.serve({ redirectTo: "https://elsewhere.example/file" }));
    expect(response.status).toBe(302);
    expect(response.headers["location"]).toBe("https://elsewhere.example/file");
    response.discard();
  });

  it.each([429, 503])("answers %i with Retry-After", async (status) => {
    const response = await ask(backend.serve({ status, retryAfter: 7 }));
    expect(response.status).toBe(status);
    expect(response.headers["retry-after"]).toBe("7");
    response.discard();
  });

  it("answers 404 for a missing file", async () => {
    const { http, url } = backend.serve({ status: 404 });
    const response = await ask({ http, url, body: Buffer.alloc(0) });
    expect(response.status).toBe(404);
    response.discard();
  });
});
