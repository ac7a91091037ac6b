import { describe, expect, it } from "vitest";
import { RetryableError } from "../../../../core/model/errors.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, world, type Origin } from "../../../simulation/world.ts";

const FILE = Buffer.from("0123456789abcdefghijklmnopqrstuvwxyz");
const SETTINGS = { mostBrokenConnections: 3 };

async function* cut(body: AsyncIterable<Uint8Array>, afterBytes: number): AsyncIterable<Uint8Array> {
  let sent = 0;
  for await (const piece of body) {
    if (sent >= afterBytes) throw new RetryableError("origin_connection_lost");
    yield piece;
    sent += piece.length;
  }
}

/** Breaks off each GET after so many bytes. */
const tearing =
  (origin: Origin, afterBytes: number): Origin =>
  async (request) => {
    const response = await origin(request);
    return request.method === "HEAD" ? response : { ...response, body: cut(response.body, afterBytes) };
  };

const got = async (origin: Origin, settings = SETTINGS) => {
  const w = world({ settings });
  w.serve(origin);
  await w.deliver();
  const gets = w.requests.filter(({ method }) => method === "GET");
  return { job: w.job(), ranges: gets.map(({ headers }) => headers["range"]) };
};

describe("a body that is torn", () => {
  it("goes on where it broke, in the same attempt, as often as it takes", async () => {
    const { job, ranges } = await got(tearing(fileOrigin(FILE), 6));
    expect(job).toMatchObject({ state: "INDEXED", attempts: 1, transfer: { bytes: FILE.length } });
    expect(ranges).toEqual([undefined, "bytes=6-", "bytes=12-", "bytes=18-", "bytes=24-", "bytes=30-"]);
  });

  it("needs no part of progress: one that ends before its first part is whole in the end", async () => {
    const small = FILE.subarray(0, PART_BYTES - 1);
    const { job, ranges } = await got(tearing(fileOrigin(small), 3));
    expect(job).toMatchObject({ state: "INDEXED", attempts: 1 });
    expect(ranges).toHaveLength(3);
  });

  it("ends the attempt if a connection brings nothing", async () => {
    const { job, ranges } = await got(tearing(fileOrigin(FILE), 0));
    expect(job).toMatchObject({ state: "STREAMING", reason: "origin_connection_lost" });
    expect(ranges).toEqual([undefined]);
  });

  it.each<[string, Origin]>([
    ["ignores ranges", (request) => fileOrigin(FILE)({ ...request, headers: {} })],
    [
      "says that it has none",
      async (request) => {
        const response = await fileOrigin(FILE)(request);
        return { ...response, headers: { ...response.headers, "accept-ranges": "none" } };
      },
    ],
    [
      "does not say which version it serves",
      async (request) => {
        const { headers, ...response } = await fileOrigin(FILE)(request);
        return { ...response, headers: { "content-length": String(headers["content-length"]) } };
      },
    ],
  ])("ends the attempt if the origin %s", async (_what, origin) => {
    const { job } = await got(tearing(origin, 6));
    expect(job).toMatchObject({ state: "STREAMING", reason: "origin_connection_lost", attempts: 1 });
  });

  it("waits as long as the origin asks when it is asked for the rest", async () => {
    const origin = tearing(fileOrigin(FILE), 12);
    const { job } = await got((request) =>
      request.headers["range"] === undefined
        ? origin(request)
        : answer({ status: 503, headers: { "retry-after": "9" } }),
    );
    expect(job).toMatchObject({ state: "STREAMING", reason: "http_503", checkpoint: { offset: PART_BYTES } });
  });
});

it("an empty body is not believed if HEAD has announced bytes, however often it comes", async () => {
  const w = world();
  w.serve(({ method }) => answer(method === "HEAD" ? { headers: { "content-length": "5" } } : {}));
  await w.deliver();
  expect(w.job()).toMatchObject({ state: "STREAMING", reason: "empty_body" });
  for (let n = 0; n < 2; n++) {
    await w.clock.advance(60_000);
    await w.deliver(MESSAGE);
  }
  expect(w.job()).toMatchObject({ state: "FAILED", reason: "retries_exhausted:empty_body" });
});

it.each([
  ["bytes 0-4/5", "INDEXED", undefined],
  ["bytes 0-4/6", "STREAMING", "unasked_part"],
  ["bytes 1-5/6", "STREAMING", "unasked_part"],
  ["bytes 0-4/*", "STREAMING", "unasked_part"],
])("a part that nobody asked for is believed only if it is the whole: %s", async (range, state, reason) => {
  const w = world();
  w.serve(() => answer({ status: 206, headers: { "content-range": range }, body: Buffer.from("12345") }));
  await w.deliver();
  expect(w.job()?.state).toBe(state);
  expect(w.job()?.reason).toBe(reason);
});
