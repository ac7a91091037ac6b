import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originSha256 } from "../../../local/origin/content.ts";
import { originFileAt, originPath, type OriginFile } from "../../../local/origin/file.ts";
import { startOrigin, type Origin } from "../../../local/origin/server.ts";

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin();
});
afterAll(async () => {
  await origin.stop();
});

const get = async (file: OriginFile, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(origin.urlOf(file), { headers: { "accept-encoding": "identity", ...headers }, redirect: "manual" });
const head = async (file: OriginFile): Promise<Response> => fetch(origin.urlOf(file), { method: "HEAD" });
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("a file of the test origin", () => {
  it("has the same bytes in every range, and the digest that originSha256 predicts", async () => {
    const file = { name: "plain.bin", size: 200_003 };
    const whole = await bytesOf(await get(file));
    const middle = await get(file, { range: "bytes=65537-131099" });
    const tail = await get(file, { range: "bytes=199999-" });

    expect(whole).toHaveLength(file.size);
    expect(sha256(whole)).toBe(originSha256(file));
    expect(middle.status).toBe(206);
    expect(middle.headers.get("content-range")).toBe("bytes 65537-131099/200003");
    expect((await bytesOf(middle)).equals(whole.subarray(65537, 131100))).toBe(true);
    expect((await bytesOf(tail)).equals(whole.subarray(199999))).toBe(true);
  });

  it("has the bytes of its content name, whatever its own name is", () => {
    const size = 1000;
    expect(originSha256({ name: "a", size })).toBe(originSha256({ name: "b", content: "a", size }));
    expect(originSha256({ name: "a", size })).not.toBe(originSha256({ name: "b", size }));
  });

  it("can be parsed back from its own URL", () => {
    const file: OriginFile = { name: "a b/ü.bin", size: 7, content: "x&y", validator: "weak", tearAfter: 3 };
    expect(originFileAt(originPath(file))).toEqual(file);
  });

  it("can be empty, and then refuses every range with 416", async () => {
    const empty = { name: "empty", size: 0 };
    expect((await get(empty)).headers.get("content-length")).toBe("0");
    expect((await get(empty, { range: "bytes=0-0" })).status).toBe(416);
  });

  it.each([
    ["an unknown option", "/file/a?size=1&sise=2", "sise"],
    ["no size", "/file/a", "size"],
    ["another path", "/elsewhere", "/file/<name>"],
  ])("is refused with 400 and an explanation for %s", async (_, path, word) => {
    const response = await fetch(origin.url + path);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(word);
  });
});

describe("the headers of the test origin", () => {
  it.each<[string, Partial<OriginFile>, RegExp, boolean]>([
    ["a strong ETag and a date", {}, /^"\w+"$/, true],
    ["a weak ETag", { validator: "weak" }, /^W\/"\w+"$/, false],
    ["a date only", { validator: "last-modified" }, /^null$/, true],
    ["no validator", { validator: "none" }, /^null$/, false],
  ])("can have %s", async (_, options, etag, dated) => {
    const { headers } = await head({ name: "validated", size: 1, ...options });
    expect(String(headers.get("etag"))).toMatch(etag);
    expect(headers.has("last-modified")).toBe(dated);
  });

  it.each<[string, Partial<OriginFile>, number]>([
    ["another ETag", {}, 200],
    ["a weak ETag", { validator: "weak" }, 200],
  ])("answer an If-Range of %s with the whole body", async (_, options, status) => {
    const file = { name: "conditional", size: 10, ...options };
    const etag = options.validator ? ((await head(file)).headers.get("etag") ?? "") : '"other"';
    const response = await get(file, { range: "bytes=5-", "if-range": etag });
    expect(response.status).toBe(status);
    expect(await bytesOf(response)).toHaveLength(10);
  });

  it.each<[string, OriginFile["validator"], string]>([
    ["ETag", undefined, "etag"],
    ["date", "last-modified", "last-modified"],
  ])("answer an If-Range of the same %s with the range", async (_, validator, header) => {
    const file: OriginFile = { name: "resumable", size: 10, validator };
    const mine = (await head(file)).headers.get(header) ?? "";
    expect((await get(file, { range: "bytes=5-", "if-range": mine })).status).toBe(206);
  });

  it.each<[string, Partial<OriginFile>, string]>([
    ["start", { wrongRange: "start" }, "bytes 6-10/10"],
    ["total", { wrongRange: "total" }, "bytes 5-9/11"],
  ])("can give a wrong %s of a range", async (_, options, contentRange) => {
    const response = await get({ name: "liar", size: 10, ...options }, { range: "bytes=5-" });
    expect(response.headers.get("content-range")).toBe(contentRange);
    expect(await bytesOf(response)).toHaveLength(5);
  });

  it("can leave the length out", async () => {
    const response = await get({ name: "chunked", size: 100_000, length: "chunked" });
    expect(response.headers.get("content-length")).toBeNull();
    expect(await bytesOf(response)).toHaveLength(100_000);
  });

  it("can claim another length, to HEAD only or to every request", async () => {
    expect((await head({ name: "a", size: 10, headClaims: 99 })).headers.get("content-length")).toBe("99");
    expect((await get({ name: "a", size: 10, headClaims: 99 })).headers.get("content-length")).toBe("10");
    await expect(get({ name: "a", size: 10, claims: 99 }).then(bytesOf)).rejects.toThrow("terminated");
  });

  it("can declare a gzip body, which is then compressed", async () => {
    const file: OriginFile = { name: "page.txt", size: 5000, encoding: "gzip" };
    const inflated = await bytesOf(await get(file));
    expect(sha256(inflated)).toBe(originSha256({ name: "page.txt", size: 5000 }));
    expect(originSha256(file)).not.toBe(sha256(inflated));
  });
});

describe("the status of the test origin", () => {
  it.each([403, 404, 410, 500])("can be %i for every request", async (status) => {
    expect((await get({ name: "s", size: 1, status })).status).toBe(status);
    expect((await head({ name: "s", size: 1, status })).status).toBe(status);
  });

  it("can refuse HEAD only", async () => {
    const file = { name: "get-only", size: 3, headStatus: 405 };
    expect((await head(file)).status).toBe(405);
    expect((await get(file)).status).toBe(200);
  });

  it("can be 503 for the first requests, with Retry-After in seconds or as a date", async () => {
    const seconds: OriginFile = { name: "busy", size: 1, failFirst: 2, retryAfter: 7 };
    const first = await get(seconds);
    expect([first.status, first.headers.get("retry-after")]).toEqual([503, "7"]);
    expect([(await head(seconds)).status, (await get(seconds)).status]).toEqual([503, 200]);

    const date = await get({ name: "busy", size: 1, failFirst: 1, retryAfter: 60, retryAfterAs: "date" });
    expect(Date.parse(date.headers.get("retry-after") ?? "")).toBeGreaterThan(Date.now());
  });

  it("can be 429 for the first GET only", async () => {
    const file: OriginFile = { name: "g", size: 1, failFirst: 1, failStatus: 429, failMethod: "GET" };
    expect([(await head(file)).status, (await get(file)).status, (await get(file)).status]).toEqual([200, 429, 200]);
  });

  it("can redirect several times to the file, or once to any URL", async () => {
    const file = { name: "moved", size: 4, redirects: 2 };
    const followed = await fetch(origin.urlOf(file));
    expect([followed.status, followed.redirected]).toEqual([200, true]);
    expect(origin.requests.filter(({ path }) => path.startsWith("/file/moved")).map(({ status }) => status)).toEqual([
      302, 302, 200,
    ]);
    expect(origin.requestsOf(file)).toHaveLength(1);
    const away = await get({ name: "away", size: 0, redirectTo: "http://192.0.2.1/" });
    expect(away.headers.get("location")).toBe("http://192.0.2.1/");
  });
});

describe("a body of the test origin", () => {
  it("can be torn in a given number of responses", async () => {
    const file = { name: "torn", size: 300_000, tearAfter: 100_000, tearFirst: 2 };
    await expect(get(file).then(bytesOf)).rejects.toThrow("terminated");
    await expect(get(file).then(bytesOf)).rejects.toThrow("terminated");
    expect(sha256(await bytesOf(await get(file)))).toBe(originSha256(file));
    expect(origin.requestsOf(file).map(({ bytes }) => bytes)).toEqual([100_000, 100_000, 300_000]);
  });

  it("can be torn in a chunked response, which has no length", async () => {
    const file: OriginFile = { name: "torn-chunked", size: 300_000, tearAfter: 10, length: "chunked" };
    await expect(get(file).then(bytesOf)).rejects.toThrow("terminated");
  });

  it("can stall until the client gives up", async () => {
    const file = { name: "stalled", size: 10, stallAfter: 4 };
    const giveUp = new AbortController();
    const response = await fetch(origin.urlOf(file), { signal: giveUp.signal });
    const received: number[] = [];
    await expect(async () => {
      for await (const chunk of response.body ?? []) {
        received.push(...chunk);
        giveUp.abort();
      }
    }).rejects.toThrow("aborted");
    expect(received).toHaveLength(4);
    expect(await bytesOf(await get(file))).toHaveLength(10);
  });

  it("can change to another version after a response", async () => {
    const file = { name: "changing", size: 1000, changeAfter: 1 };
    const before = await get(file);
    const after = await get(file, { range: "bytes=5-", "if-range": before.headers.get("etag") ?? "" });
    expect(after.status).toBe(200);
    expect(sha256(await bytesOf(before))).toBe(originSha256(file, 1));
    expect(sha256(await bytesOf(after))).toBe(originSha256(file, 2));
    expect(originSha256(file, 2)).not.toBe(originSha256(file, 1));
  });

  it("is complete if its rate is limited", async () => {
    const file = { name: "slow", size: 200_000, rate: 2_000_000 };
    expect(sha256(await bytesOf(await get(file)))).toBe(originSha256(file));
  });
});
