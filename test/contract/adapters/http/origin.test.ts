/** What the simulator takes for an origin, and what a real one is: asked the same, they answer the same. */
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
    ["a weak one", { validator: "weak" }, /^W\/"/],
    ["none", { validator: "none" }, /^none$/],
  ])("says length, type and %s at HEAD, and sends no body", async (_kind, behaviour, etag) => {
    const response = await ask(backend.serve(behaviour), {}, "HEAD");
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ "content-length": "1000", "content-type": "text/plain" });
    expect(response.headers["etag"] ?? "none").toMatch(etag);
    expect(await bodyOf(response)).toHaveLength(0);
  });

  it("sends the whole body, under the validator that HEAD told", async () => {
    const file = backend.serve({});
    const head = await ask(file, {}, "HEAD");
    const response = await ask(file);
    expect(response.status).toBe(200);
    expect(response.headers["etag"]).toBe(head.headers["etag"]);
    expect((await bodyOf(response)).equals(file.body)).toBe(true);
  });

  it("says no length of a body that it makes as it goes", async () => {
    const file = backend.serve({ length: "chunked" });
    const response = await ask(file);
    expect(response.headers).not.toHaveProperty("content-length");
    expect((await bodyOf(response)).equals(file.body)).toBe(true);
  });

  it("sends the rest of the version that If-Range names", async () => {
    const file = backend.serve({});
    const { headers } = await ask(file, {}, "HEAD");
    const response = await ask(file, { range: "bytes=400-", "if-range": String(headers["etag"]) });
    expect(response.status).toBe(206);
    expect(response.headers).toMatchObject({ "content-range": "bytes 400-999/1000", "content-length": "600" });
    expect((await bodyOf(response)).equals(file.body.subarray(400))).toBe(true);
  });

  it.each<[string, Behaviour, Readonly<Record<string, string>>]>([
    ["for another version than If-Range names", {}, { range: "bytes=400-", "if-range": '"another"' }],
    ["that has no ranges", { ranges: "ignored" }, { range: "bytes=400-" }],
    ["that has only a weak validator", { validator: "weak" }, { range: "bytes=400-", "if-range": '"v1"' }],
  ])("sends the whole body %s", async (_why, behaviour, headers) => {
    const file = backend.serve(behaviour);
    const response = await ask(file, headers);
    expect(response.status).toBe(200);
    expect((await bodyOf(response)).equals(file.body)).toBe(true);
  });

  it("refuses a range that begins where the body ends", async () => {
    const response = await ask(backend.serve({}), { range: "bytes=1000-" });
    expect(response.status).toBe(416);
    expect(response.headers["content-range"]).toBe("bytes */1000");
  });

  it("breaks off a torn body with trouble that may pass, after the bytes that came", async () => {
    const file = backend.serve({ tearAfter: 300 });
    const response = await ask(file);
    const got: Uint8Array[] = [];
    const reading = async (): Promise<void> => {
      for await (const piece of response.body) got.push(piece);
    };
    expect(await thrownBy(reading())).toMatchObject({ name: "RetryableError", reason: "origin_connection_lost" });
    expect(Buffer.concat(got).equals(file.body.subarray(0, 300))).toBe(true);
  });

  it("says where else to look, and is not followed", async () => {
    const response = await ask(backend.serve({ redirectTo: "https://elsewhere.example/file" }));
    expect(response.status).toBe(302);
    expect(response.headers["location"]).toBe("https://elsewhere.example/file");
    response.discard();
  });

  it.each([429, 503])("says %i and when to come again", async (status) => {
    const response = await ask(backend.serve({ status, retryAfter: 7 }));
    expect(response.status).toBe(status);
    expect(response.headers["retry-after"]).toBe("7");
    response.discard();
  });

  it("says 404 of what it has not", async () => {
    const { http, url } = backend.serve({ status: 404 });
    const response = await ask({ http, url, body: Buffer.alloc(0) });
    expect(response.status).toBe(404);
    response.discard();
  });
});
