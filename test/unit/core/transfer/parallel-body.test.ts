import { describe, expect, it } from "vitest";
import { LeaseLostError, PermanentError, RetryableError } from "../../../../core/model/errors.ts";
import type { HttpRequest, HttpResponse } from "../../../../core/ports/http.ts";
import { parallelBody, type LargeSource } from "../../../../core/transfer/parallel-body.ts";
import { PartBuffers } from "../../../../core/transfer/part-buffers.ts";
import type { TransferDeps } from "../../../../core/transfer/transfer-deps.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, settled, world, type Origin } from "../../../simulation/world.ts";

const FILE = Buffer.from(Array.from({ length: 20 * PART_BYTES + 3 }, (_, at) => at));
const URL_OF_FILE = "https://origin.example/file";
const BUFFERS = 5;

interface Setup {
  readonly file?: Buffer;
  readonly mostRanges?: number;
  readonly buffers?: number;
  readonly source?: Partial<LargeSource>;
  /** How long each piece of a body takes, in ms. */
  readonly pieceMs?: (request: HttpRequest) => number;
}

const isRange = ({ headers }: HttpRequest): boolean => /-\d/.test(headers["range"] ?? "");
/** One connection is slow. */
const slowAlone = (request: HttpRequest): number => (isRange(request) ? 1 : 100);

/** An origin, a worker that reads one body from it, and what both have seen. */
function scene(origin: Origin, { file = FILE, mostRanges = 4, ...setup }: Setup = {}) {
  const w = world({ settings: { mostRanges, mostBrokenConnections: 3 } });
  const seen = { ranges: [] as string[], hosts: [] as string[], open: 0, mostOpen: 0 };
  let passedMs = 0;
  async function* watched(request: HttpRequest, { body }: HttpResponse): AsyncIterable<Uint8Array> {
    try {
      for await (const piece of body) {
        passedMs += (setup.pieceMs ?? slowAlone)(request);
        request.signal.throwIfAborted();
        yield piece;
      }
    } finally {
      seen.open -= 1;
    }
  }
  const deps: TransferDeps = {
    ...w.deps,
    buffers: new PartBuffers(setup.buffers ?? BUFFERS, PART_BYTES),
    clock: { ...w.clock, nowMs: () => w.clock.nowMs() + passedMs },
    http: {
      async request(request) {
        seen.ranges.push(request.headers["range"]?.slice("bytes=".length) ?? "all");
        seen.hosts.push(new URL(request.url).host);
        const response = await origin(request);
        request.signal.throwIfAborted();
        seen.open += 1;
        seen.mostOpen = Math.max(seen.mostOpen, seen.open);
        return { ...response, body: watched(request, response), discard: () => void (seen.open -= 1) };
      },
    },
  };
  const body = async function* (signal = new AbortController().signal): AsyncIterable<Uint8Array> {
    const headers = {};
    yield* parallelBody(deps, {
      url: URL_OF_FILE,
      finalUrl: URL_OF_FILE,
      signal,
      answer: await deps.http.request({ method: "GET", url: URL_OF_FILE, headers, signal }),
      offset: 0,
      version: { validator: '"v1"', totalBytes: file.length },
      isNeverEmpty: false,
      ...setup.source,
    });
  };
  const read = async (signal?: AbortSignal): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for await (const piece of body(signal)) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  };
  return { deps, seen, body, read };
}

/** Answers the nth GET in another way. */
const but = (answers: Readonly<Record<number, Origin>>, otherwise: Origin = fileOrigin(FILE)): Origin => {
  let nth = 0;
  return (request) => (answers[++nth] ?? otherwise)(request);
};
const refused: Origin = () => answer({ status: 503, headers: { "retry-after": "9" } });

async function* torn(body: AsyncIterable<Uint8Array>, afterBytes: number): AsyncIterable<Uint8Array> {
  for await (const piece of body) {
    yield piece.subarray(0, afterBytes);
    throw new RetryableError("origin_connection_lost");
  }
}
const tearing: Origin = async (request) => {
  const response = await fileOrigin(FILE)(request);
  return { ...response, body: torn(response.body, 1) };
};

const bytesOf = (range: string): number => {
  const [start = 0, end = FILE.length - 1] = range.split("-").filter(Boolean).map(Number);
  return end - start + 1;
};
const allFree = async ({ buffers }: TransferDeps): Promise<number> => {
  let free = 0;
  for (let place = 0; place < BUFFERS; place++) void buffers.take().then(() => (free += 1));
  await settled();
  return free;
};

describe("a large body", () => {
  it("comes in ranges after its first part, each byte once, over no more connections than are allowed", async () => {
    const { deps, read, seen } = scene(fileOrigin(FILE));
    expect(await read()).toEqual(FILE);
    const [first, ...ranges] = seen.ranges;
    expect(first).toBe("all");
    const ranged = ranges.reduce((sum, range) => sum + bytesOf(range), 0);
    expect(FILE.length - ranged).toBeGreaterThanOrEqual(PART_BYTES);
    expect(FILE.length - ranged).toBeLessThan(2 * PART_BYTES);
    expect(seen.mostOpen).toBe(4);
    expect([seen.open, await allFree(deps)]).toEqual([0, BUFFERS]);
  });

  it("comes over one connection again when two are no faster, and its host is not tried again", async () => {
    const s = scene(fileOrigin(FILE), { pieceMs: () => 10 });
    expect(await s.read()).toEqual(FILE);
    expect(s.seen.ranges.at(-1)).toMatch(/^\d+-$/);
    expect(s.deps.ranges.isUseless(URL_OF_FILE, s.deps.clock.nowMs())).toBe(true);
    s.seen.ranges.length = 0;
    expect(await s.read()).toEqual(FILE);
    expect(s.seen.ranges).toEqual(["all"]);
  });

  it.each<[string, Setup]>([
    ["if the settings say so", { mostRanges: 1 }],
    ["if less than five parts are left", { file: FILE.subarray(0, 5 * PART_BYTES - 1) }],
    ["if its origin offers no ranges", { source: { version: undefined } }],
    ["if no memory is left", { buffers: 2 }],
  ])("comes over one connection %s", async (_why, setup) => {
    const { file = FILE } = setup;
    const { read, seen } = scene(fileOrigin(file), setup);
    expect(await read()).toEqual(file);
    expect(seen.ranges).toEqual(["all"]);
  });

  it("is fetched at most a part ahead of its reader", async () => {
    const { body, seen } = scene(fileOrigin(FILE));
    let readBytes = 0;
    let mostAhead = 0;
    for await (const piece of body()) {
      for (let turn = 0; turn < 20; turn++) await settled();
      const asked = Math.max(0, ...seen.ranges.slice(1).map((range) => Number(range.split("-")[1]) + 1));
      mostAhead = Math.max(mostAhead, asked - readBytes);
      readBytes += piece.length;
    }
    expect(readBytes).toBe(FILE.length);
    expect(mostAhead).toBe(PART_BYTES);
  });

  it("waits for a range that is late, and reads it before those that came earlier", async () => {
    const gate = Promise.withResolvers<void>();
    const late: Origin = async (request) => {
      await gate.promise;
      return fileOrigin(FILE)(request);
    };
    const { read, seen } = scene(but({ 3: late }));
    const reading = read();
    for (let turn = 0; turn < 100; turn++) await settled();
    const askedMeanwhile = seen.ranges.length;
    gate.resolve();
    expect(await reading).toEqual(FILE);
    expect(askedMeanwhile).toBeGreaterThan(4);
    expect(askedMeanwhile).toBeLessThan(10);
  });
});

describe("the first connection goes on, as if it had always been alone,", () => {
  it.each<[string, Origin]>([
    ["ignores ranges", (request) => fileOrigin(FILE)({ ...request, headers: {} })],
    ["answers 503", refused],
    ["answers 429", () => answer({ status: 429 })],
    ["answers 403", () => answer({ status: 403 })],
    [
      "refuses the connection",
      () => {
        throw new RetryableError("origin_refused_connection");
      },
    ],
    [
      "redirects to where we may not go",
      () => {
        throw new PermanentError("private_address", "policy");
      },
    ],
    ["sends another version", fileOrigin(FILE, '"v2"')],
    [
      "sends the range without an end",
      (request) => fileOrigin(FILE)({ ...request, headers: { ...request.headers, range: "bytes=9-" } }),
    ],
  ])("if the origin %s when it is asked for the first range", async (_what, origin) => {
    const { deps, read, seen } = scene(but({ 2: origin }));
    expect(await read()).toEqual(FILE);
    expect(seen.ranges).toHaveLength(2);
    expect([seen.open, await allFree(deps)]).toEqual([0, BUFFERS]);
    expect(deps.ranges.isUseless(URL_OF_FILE, deps.clock.nowMs())).toBe(true);
  });

  it("but a bug is no answer of an origin", async () => {
    const bug: Origin = () => {
      throw new TypeError("a bug");
    };
    await expect(scene(but({ 2: bug })).read()).rejects.toThrow("a bug");
    await expect(scene(but({ 5: bug })).read()).rejects.toThrow("a bug");
  });
});

describe("a range that does not come", () => {
  it("goes on where it broke if it was torn", async () => {
    const { read, seen } = scene(but({ 3: tearing }));
    expect(await read()).toEqual(FILE);
    expect(seen.ranges.filter((range) => /^\d+-$/.test(range))).toEqual([]);
  });

  it.each<[string, Origin]>([
    ["is refused", refused],
    ["is of another version", fileOrigin(FILE, '"v2"')],
    [
      "is longer than it says",
      async (request) => {
        const response = await fileOrigin(FILE)(request);
        return { ...response, body: answer({ body: FILE }).body };
      },
    ],
  ])("leaves one connection, which goes on at the first byte that is missing, if it %s", async (_what, origin) => {
    const { deps, read, seen } = scene(but({ 5: origin }));
    expect(await read()).toEqual(FILE);
    const last = seen.ranges.at(-1) ?? "";
    expect(last).toMatch(/^\d+-$/);
    const missing = seen.ranges[4] ?? "";
    expect(parseInt(last)).toBeLessThanOrEqual(parseInt(missing) + 1);
    expect([seen.open, await allFree(deps)]).toEqual([0, BUFFERS]);
  });

  const fromThe = (nth: number, origin: Origin): Origin =>
    but(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [nth + at, origin])));

  it("ends as the answer to the last connection says, with what the origin asks to wait", async () => {
    const { deps, read, seen } = scene(fromThe(4, refused));
    await expect(read()).rejects.toMatchObject({ reason: "http_503", retryAfterMs: 9000 });
    expect([seen.open, await allFree(deps)]).toEqual([0, BUFFERS]);
  });

  it("ends as a tear if the origin has another version by now", async () => {
    await expect(scene(fromThe(4, fileOrigin(FILE, '"v2"'))).read()).rejects.toMatchObject({ reason: "torn_body" });
  });

  it("keeps what was staged before", async () => {
    const w = world({
      settings: { mostRanges: 4 },
      wrap: (deps) => ({ ...deps, buffers: new PartBuffers(BUFFERS, PART_BYTES) }),
    });
    w.serve((request) =>
      request.headers["range"] === undefined
        ? fileOrigin(FILE)(request)
        : isRange(request)
          ? tearing(request)
          : refused(request),
    );
    await w.deliver();
    expect(w.job()).toMatchObject({ state: "STREAMING", reason: "http_503", checkpoint: { offset: PART_BYTES } });
  });
});

describe("ranges of a file to which a redirect has led", () => {
  const finalUrl = "https://cdn.example/file";
  const ownHeaders = { authorization: "Bearer secret" };
  const asked = async (setup: Setup) => {
    const secrets: (string | undefined)[] = [];
    const { read, seen } = scene((request) => {
      secrets.push(request.headers["authorization"]);
      return fileOrigin(FILE)(request);
    }, setup);
    expect(await read()).toEqual(FILE);
    return { hosts: new Set(seen.hosts.slice(1)), secrets: new Set(secrets.slice(1)) };
  };

  it("are asked of the URL that answered, without the headers that belong to the job's own origin", async () => {
    const { hosts, secrets } = await asked({ source: { finalUrl, ownHeaders } });
    expect([[...hosts], [...secrets]]).toEqual([["cdn.example"], [undefined]]);
  });

  it("get these headers if it is the job's own origin", async () => {
    const { secrets } = await asked({ source: { finalUrl: `${URL_OF_FILE}?2`, ownHeaders } });
    expect([...secrets]).toEqual(["Bearer secret"]);
  });
});

it("a job that is stopped reads no more of any range, and leaves nothing open", async () => {
  const stop = new AbortController();
  const { body, deps, seen } = scene(fileOrigin(FILE));
  let bytes = 0;
  const reading = async () => {
    for await (const piece of body(stop.signal)) {
      bytes += piece.length;
      if (bytes > 5 * PART_BYTES && !stop.signal.aborted) stop.abort(new LeaseLostError());
      expect(bytes).toBeLessThan(6 * PART_BYTES);
    }
  };
  await expect(reading()).rejects.toThrow("lease_lost");
  expect([seen.open, await allFree(deps)]).toEqual([0, BUFFERS]);
});

it("a reader that stops in the middle leaves nothing open", async () => {
  const { body, deps, seen } = scene(fileOrigin(FILE));
  let bytes = 0;
  for await (const piece of body()) {
    bytes += piece.length;
    if (bytes > 5 * PART_BYTES) break;
  }
  expect([seen.open, await allFree(deps)]).toEqual([0, BUFFERS]);
});

it("a body with a content coding that is taken away comes over one connection", async () => {
  const { gzipSync } = await import("node:zlib");
  const { randomBytes } = await import("node:crypto");
  const plain = randomBytes(FILE.length);
  const coded = gzipSync(plain);
  const w = world({
    settings: { mostRanges: 4 },
    wrap: (deps) => ({ ...deps, buffers: new PartBuffers(BUFFERS, PART_BYTES) }),
  });
  w.serve(async (request) => {
    const response = await fileOrigin(coded)(request);
    return { ...response, headers: { ...response.headers, "content-encoding": "gzip" } };
  });
  await w.deliver(MESSAGE);
  expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { bytes: plain.length } });
  expect(w.requests.filter(({ method }) => method === "GET")).toHaveLength(1);
});
