import { describe, expect, it } from "vitest";
import { gzipSync } from "node:zlib";
import { RetryableError } from "../../../../../core/model/errors.ts";
import { askOrigin } from "../../../../../core/origin/ask.ts";
import { probeOrigin } from "../../../../../core/origin/probe.ts";
import { answer, settled, world, type Answer, type World, type WorldOptions } from "../../../../simulation/world.ts";

const HOST = "https://origin.example";
const ROBOTS = `${HOST}/robots.txt`;
const DAY_MS = 24 * 3_600_000;

const text = (...lines: readonly string[]): Answer => ({ body: Buffer.from(lines.join("\n")) });
const DISALLOW_A = text("User-agent: *", "Disallow: /a");

interface Obedient extends World {
  readonly asked: () => readonly string[];
  readonly robotsAsked: () => number;
  readonly get: (url: string, signal?: AbortSignal) => Promise<unknown>;
}

/** A world that obeys robots.txt. What the table does not name is an empty file. */
function obedient(answers: Readonly<Record<string, Answer | (() => Answer)>>, options: WorldOptions = {}): Obedient {
  const w = world({ ...options, settings: { ...options.settings, obeysRobots: true } });
  w.serve(({ url }) => {
    const found = answers[url] ?? {};
    return answer(typeof found === "function" ? found() : found);
  });
  const asked = () => w.requests.map(({ url }) => url);
  return {
    ...w,
    asked,
    robotsAsked: () => asked().filter((url) => url.endsWith("/robots.txt")).length,
    get: async (url, signal = new AbortController().signal) =>
      askOrigin(w.deps, { method: "GET", url: new URL(url, HOST).href, signal }),
  };
}

const disallowed = expect.objectContaining({
  name: "PermanentError",
  reason: "robots_disallow",
  failureClass: "policy",
});
const reasonOf = async (request: Promise<unknown>): Promise<unknown> =>
  request.then(
    () => "answered",
    (error: unknown) => error,
  );

describe("before the first request to a host", () => {
  it("its robots.txt is asked for, once for all that come at the same time and later", async () => {
    const w = obedient({ [ROBOTS]: DISALLOW_A });
    await Promise.all([w.get("/b"), w.get("/c")]);
    await w.get("/d");
    expect(w.asked().toSorted()).toEqual(["/b", "/c", "/d", "/robots.txt"].map((path) => HOST + path));
    expect(w.asked()[0]).toBe(ROBOTS);
  });

  it("what it disallows is not asked for, and that is final", async () => {
    const w = obedient({ [ROBOTS]: DISALLOW_A });
    expect(await reasonOf(w.get("/a"))).toEqual(disallowed);
    expect(w.asked()).toEqual([ROBOTS]);
  });

  it("HEAD is not sent either", async () => {
    const w = obedient({ [ROBOTS]: DISALLOW_A });
    await probeOrigin(w.deps, { url: `${HOST}/a`, signal: new AbortController().signal });
    expect(w.asked()).toEqual([ROBOTS]);
  });

  it("each scheme, host and port has a file of its own", async () => {
    const w = obedient({ [ROBOTS]: DISALLOW_A });
    for (const url of ["http://origin.example/a", "https://origin.example:8443/a", "https://www.origin.example/a"])
      await w.get(url);
    expect(w.robotsAsked()).toBe(3);
    expect(await reasonOf(w.get("/a"))).toEqual(disallowed);
  });

  it("nothing is asked if the URL is the robots.txt itself", async () => {
    const w = obedient({ [ROBOTS]: text("User-agent: *", "Disallow: /") });
    await w.get("/robots.txt");
    expect(w.asked()).toEqual([ROBOTS]);
  });

  it("nothing is asked unless the settings say so", async () => {
    const w = world();
    w.serve(() => answer({}));
    await askOrigin(w.deps, { method: "GET", url: `${HOST}/a`, signal: new AbortController().signal });
    expect(w.requests).toHaveLength(1);
  });
});

describe("a redirect", () => {
  const to = (location: string): Answer => ({ status: 302, headers: { location } });

  it("to another host is checked with the file of that host", async () => {
    const w = obedient({
      [`${HOST}/x`]: to("https://other.example/a"),
      "https://other.example/robots.txt": DISALLOW_A,
    });
    expect(await reasonOf(w.get("/x"))).toEqual(disallowed);
    expect(w.asked()).toEqual([ROBOTS, `${HOST}/x`, "https://other.example/robots.txt"]);
  });

  it("of robots.txt is followed, and the file still speaks for the host that was asked", async () => {
    const w = obedient({ [ROBOTS]: to("https://other.example/rules"), "https://other.example/rules": DISALLOW_A });
    expect(await reasonOf(w.get("/a"))).toEqual(disallowed);
    await w.get("https://other.example/a");
  });

  it.each([
    ["into a circle", to("/robots.txt")],
    ["to a private address", to("http://127.0.0.1/robots.txt")],
    ["to nowhere", { status: 302 }],
  ])("of robots.txt %s allows everything", async (_, redirect) => {
    const w = obedient({ [ROBOTS]: redirect });
    await w.get("/a");
    expect(w.asked().at(-1)).toBe(`${HOST}/a`);
  });
});

describe("a robots.txt that", () => {
  it.each([400, 401, 403, 404, 410, 451])("is answered with %d allows everything", async (status) => {
    const w = obedient({ [ROBOTS]: { ...DISALLOW_A, status } });
    await w.get("/a");
    await w.get("/a");
    expect(w.robotsAsked()).toBe(1);
  });

  it.each([500, 502, 503, 429, 999])("is answered with %d lets the job be tried again", async (status) => {
    const w = obedient({ [ROBOTS]: { status } });
    await w.deliver({ work_id: "w", artifact_id: "a", url: `${HOST}/a` });
    const job = w.job({ work_id: "w", artifact_id: "a", url: `${HOST}/a` });
    expect(job).toMatchObject({ state: "LEASED", reason: "robots_unavailable", failureClass: "origin" });
    expect(w.asked()).toEqual([ROBOTS]);
  });

  it("cannot be had is asked for again after one second, then after two, and once for all jobs", async () => {
    let failures = 0;
    const w = obedient({
      [ROBOTS]: () => {
        failures += 1;
        if (failures > 2) return DISALLOW_A;
        throw new RetryableError("origin_timeout");
      },
    });
    const unavailable = (retryAfterMs: number) =>
      expect.objectContaining({
        name: "RetryableError",
        reason: "robots_unavailable",
        failureClass: "origin",
        retryAfterMs,
      });
    expect(await Promise.all([reasonOf(w.get("/b")), reasonOf(w.get("/c"))])).toEqual([
      unavailable(1000),
      unavailable(1000),
    ]);
    await w.clock.advance(400);
    expect(await reasonOf(w.get("/b"))).toEqual(unavailable(600));
    await w.clock.advance(600);
    expect(await reasonOf(w.get("/b"))).toEqual(unavailable(2000));
    await w.clock.advance(2000);
    await w.get("/b");
    expect(failures).toBe(3);
  });

  it("comes with Retry-After is left in peace for as long, at most an hour", async () => {
    const w = obedient({ [ROBOTS]: { status: 503, headers: { "retry-after": "7200" } } });
    expect(await reasonOf(w.get("/a"))).toMatchObject({ retryAfterMs: 3_600_000 });
  });

  it("does not end within half a minute cannot be had", async () => {
    const w = obedient(
      {},
      {
        wrap: (deps) => ({
          ...deps,
          http: {
            request: async ({ signal }) =>
              new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
          },
        }),
      },
    );
    const request = reasonOf(w.get("/a"));
    await w.clock.advance(30_000);
    expect(await request).toMatchObject({ reason: "robots_unavailable" });
  });

  it("fails because of a proxy is not the origin's fault", async () => {
    const refusal = new RetryableError("proxy_refused:502", { failureClass: "system" });
    const w = obedient({
      [ROBOTS]: () => {
        throw refusal;
      },
    });
    expect(await reasonOf(w.get("/a"))).toBe(refusal);
  });

  it("comes compressed is decoded", async () => {
    const body = gzipSync("User-agent: *\nDisallow: /a");
    const w = obedient({ [ROBOTS]: { headers: { "content-encoding": "gzip" }, body } });
    expect(await reasonOf(w.get("/a"))).toEqual(disallowed);
  });
});

describe("a robots.txt is asked for again after", () => {
  it.each([
    ["a day", undefined, DAY_MS],
    ["a day, if max-age is longer", "public, max-age=999999", DAY_MS],
    ["max-age", "max-age=3600", 3_600_000],
    ["a minute, if max-age is shorter", "no-cache, max-age=0", 60_000],
  ])("%s", async (_, cacheControl, keptMs) => {
    const w = obedient({ [ROBOTS]: { headers: cacheControl === undefined ? {} : { "cache-control": cacheControl } } });
    await w.get("/a");
    await w.clock.advance(keptMs - 1);
    await w.get("/a");
    expect(w.robotsAsked()).toBe(1);
    await w.clock.advance(1);
    await w.get("/a");
    expect(w.robotsAsked()).toBe(2);
  });

  it("a thousand other hosts", async () => {
    const w = obedient({});
    for (let n = 0; n < 1000; n++) await w.get(`https://h${n}.example/a`);
    await w.get("https://h0.example/a");
    expect(w.robotsAsked()).toBe(1000);
    await w.get("https://h1000.example/a");
    await w.get("https://h0.example/a");
    expect(w.robotsAsked()).toBe(1002);
  });

  it("2 MiB of other files", async () => {
    const large = text(`# ${"x".repeat(400_000)}`, "User-agent: *", "Disallow: /a");
    const hosts = Array.from({ length: 6 }, (_, n) => `https://h${n}.example`);
    const w = obedient(Object.fromEntries(hosts.map((host) => [`${host}/robots.txt`, large])));
    for (const host of hosts) await w.get(`${host}/b`);
    await w.get(`${hosts[1]}/b`);
    expect(w.robotsAsked()).toBe(6);
    await w.get(`${hosts[0]}/b`);
    expect(w.robotsAsked()).toBe(7);
  });
});

describe("a fetch of robots.txt for which several wait", () => {
  function silent() {
    const stops: AbortSignal[] = [];
    const w = obedient(
      {},
      {
        wrap: (deps) => ({
          ...deps,
          http: {
            request: async ({ signal }) => {
              stops.push(signal);
              return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
            },
          },
        }),
      },
    );
    return { w, stops };
  }

  it("goes on when one of them leaves, ends with the last, and is begun anew by the next", async () => {
    const { w, stops } = silent();
    const [one, two] = [new AbortController(), new AbortController()];
    const requests = [reasonOf(w.get("/a", one.signal)), reasonOf(w.get("/b", two.signal))];
    await settled();
    one.abort("first");
    expect(await requests[0]).toBe("first");
    expect(stops.map(({ aborted }) => aborted)).toEqual([false]);
    two.abort("second");
    expect(await requests[1]).toBe("second");
    expect(stops.map(({ aborted }) => aborted)).toEqual([true]);
    const three = new AbortController();
    const third = reasonOf(w.get("/c", three.signal));
    await settled();
    expect(stops.map(({ aborted }) => aborted)).toEqual([true, false]);
    three.abort("third");
    expect(await third).toBe("third");
  });
});

it("a job that robots.txt disallows fails at once, with class policy", async () => {
  const w = obedient({ [ROBOTS]: DISALLOW_A });
  const message = { work_id: "w", artifact_id: "a", url: `${HOST}/a` };
  await w.deliver(message);
  expect(w.job(message)).toMatchObject({ state: "FAILED", reason: "robots_disallow", failureClass: "policy" });
});
