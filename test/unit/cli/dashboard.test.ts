import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LiveRun, type RunJobs, type RunStatus } from "../../../cli/dashboard/live-run.ts";
import { startDashboard, type Dashboard } from "../../../cli/dashboard/server.ts";
import { Throughput } from "../../../cli/dashboard/throughput.ts";
import { readTimeline } from "../../../cli/dashboard/timeline.ts";
import type { Snapshot } from "../../../cli/view/view.ts";
import { jobIdOf } from "../../../core/model/keys.ts";
import { sloReport } from "../../../dashboards/catalogue/report.ts";
import { SLOS } from "../../../dashboards/catalogue/slos.ts";

const MIB = 2 ** 20;
const messageOf = (n: number) => ({ work_id: "w", artifact_id: `a${n}`, url: `https://example.org/dir/f${n}.bin` });
const idOf = (n: number): string => jobIdOf(messageOf(n));
const sampleAt = (atMs: number, done: number, bytes: number): Snapshot => ({
  atMs,
  total: 2,
  isGrowing: false,
  done,
  failed: 0,
  bytes,
  underWay: [],
  waiting: new Map(),
});

interface Begun {
  readonly state: string;
  readonly reason?: string;
}

/** A run of so many jobs, some of which have begun. */
function runOf(total: number, begun: ReadonlyMap<number, Begun> = new Map()): LiveRun {
  const jobs: RunJobs = {
    total,
    states: () => {
      const groups = Map.groupBy(begun.values(), ({ state }) => state);
      return new Map([...groups].map(([state, group]) => [state, group.length]));
    },
    notBegun: (limit) =>
      Array.from({ length: Math.min(limit, total - begun.size) }, (_, n) => ({
        jobId: idOf(n),
        url: messageOf(n).url,
        reason: null,
      })),
    inState: (wanted, limit) =>
      [...begun]
        .filter(([, { state }]) => state === wanted)
        .slice(0, limit)
        .map(([n, { reason = null }]) => ({ jobId: idOf(n), url: messageOf(n).url, reason })),
    urlOf: (jobId) => [0, 1, 2].map(messageOf).find((message) => jobIdOf(message) === jobId)?.url,
  };
  const live = new LiveRun();
  live.began(jobs, () => sloReport({ JobsCompleted: 3 }, SLOS));
  return live;
}
const countsOf = ({ states }: RunStatus): object =>
  Object.fromEntries(states.filter(({ count }) => count > 0).map(({ state, count }) => [state, count]));

let folder: string;
let eventsPath: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-dashboard-"));
  eventsPath = join(folder, "events.jsonl");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("the dashboard's throughput", () => {
  it("covers a run of 24 hours with fewer than 600 evenly spaced points", () => {
    const throughput = new Throughput();
    const endMs = 24 * 3600 * 1000;
    for (let atMs = 0; atMs <= endMs; atMs += 200) throughput.add({ atMs, bytes: atMs * 10, jobs: atMs });
    const { points } = throughput;
    expect(points.length).toBeGreaterThan(290);
    expect(points.length).toBeLessThan(600);
    expect(points[0]).toEqual({ atMs: 0, bytes: 0, jobs: 0 });
    const steps = points.slice(2).map(({ atMs }, index) => atMs - (points[index + 1]?.atMs ?? 0));
    expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(2.1);
    expect(endMs - (points.at(-1)?.atMs ?? 0)).toBeLessThan(Math.max(...steps) * 1.1);
  });
});

describe("the dashboard's status of a run", () => {
  it("is empty before it begins", () => {
    const status = new LiveRun().status(0);
    expect(status).toMatchObject({
      phase: "starting",
      elapsedMs: 0,
      jobs: { total: 0, done: 0 },
      slos: [],
      events: [],
    });
    expect(countsOf(status)).toEqual({});
  });

  it("counts jobs by state, in the order of the states, and lists the jobs in a state", () => {
    const live = runOf(
      4,
      new Map([
        [1, { state: "STREAMING" }],
        [2, { state: "FAILED", reason: "http_404" }],
      ]),
    );
    const { states } = live.status(0);
    expect(states.map(({ state }) => state)).toEqual(
      "WAITING PLANNED LEASED HEAD_DONE RESUME_OK STREAMING FINALIZED INDEXED DEDUPED PUBLISHED FAILED".split(" "),
    );
    expect(countsOf(live.status(0))).toEqual({ WAITING: 2, STREAMING: 1, FAILED: 1 });
    expect(live.jobsIn("FAILED")).toEqual([{ id: idOf(2), label: "f2.bin", reason: "http_404" }]);
    expect(live.jobsIn("WAITING")).toHaveLength(2);
    expect(live.jobsIn("nowhere")).toEqual([]);
  });

  it("returns each event once, with the name of its job's file", () => {
    const live = runOf(1);
    live.heard({ event: "job_leased", job_id: idOf(0) });
    live.heard({ event: "crash_recovery_event" });
    expect(live.status(0).events.map(({ number, label }) => [number, label])).toEqual([
      [1, "f0.bin"],
      [2, undefined],
    ]);
    expect(live.status(1).events.map(({ number }) => number)).toEqual([2]);
    expect(live.status(2).events).toEqual([]);
  });

  it("reports the progress, and the end of the run", () => {
    const live = runOf(2);
    live.refreshed(sampleAt(1000, 0, 0));
    live.refreshed(sampleAt(2500, 1, 77));
    live.ended();
    expect(live.status(0)).toMatchObject({
      phase: "over",
      elapsedMs: 1500,
      bytes: 77,
      jobs: { total: 2, done: 1, failed: 0 },
      points: [
        { atMs: 0, bytes: 0, jobs: 0 },
        { atMs: 1500, bytes: 77, jobs: 1 },
      ],
    });
  });

  it("stays below 1 MiB with 100,000 jobs and 10,000 events", () => {
    const live = runOf(100_000);
    const url = "https://example.org/".padEnd(2000, "x");
    const event = { event: "job_planned", job_id: idOf(1), url };
    for (let n = 0; n < 10_000; n += 1) live.heard(event);
    const status = live.status(0);
    expect(countsOf(status)).toEqual({ WAITING: 100_000 });
    expect(status.events).toHaveLength(200);
    expect(status.events.at(0)?.number).toBe(9801);
    expect(live.status(9999).events.map(({ number }) => number)).toEqual([10_000]);
    expect(status.eventsSoFar).toBe(10_000);
    expect(live.jobsIn("WAITING")).toHaveLength(100);
    expect(JSON.stringify(status).length).toBeLessThan(MIB);
  });
});

describe("a job's timeline", () => {
  const line = (job: number, event: string): string => `${JSON.stringify({ event, job_id: idOf(job) })}\n`;
  async function readAll(job: number): Promise<{ events: unknown[]; readings: number }> {
    const events: unknown[] = [];
    for (let from = 0, readings = 1; ; readings += 1) {
      const part = await readTimeline(eventsPath, idOf(job), from);
      events.push(...part.events.map(({ event }) => event));
      if (part.next >= part.size) return { events, readings };
      from = part.next;
    }
  }

  it.each<[string, string, string[]]>([
    ["the job's own events, in order", line(1, "a") + line(2, "b") + line(1, "c"), ["a", "c"]],
    ["no event if the file is empty", "", []],
    ["no line that a crash has torn", `${line(1, "a").slice(0, 50)}${line(1, "b")}${line(1, "c")}`, ["c"]],
    ["no line that is still being written", line(1, "a") + line(1, "b").slice(0, -1), ["a"]],
    [
      "no event that names the job in another field than job_id",
      `${JSON.stringify({ event: "x", op_key: idOf(1) })}\n`,
      [],
    ],
  ])("has %s", async (_, text, expected) => {
    await writeFile(eventsPath, text);
    expect((await readAll(1)).events).toEqual(expected);
  });

  it("is empty before the events file exists", async () => {
    expect(await readTimeline(eventsPath, idOf(1), 0)).toEqual({ events: [], next: 0, size: 0 });
  });

  it("continues where the last read ended", async () => {
    await writeFile(eventsPath, line(1, "a") + line(1, "b").slice(0, 20));
    const { next } = await readTimeline(eventsPath, idOf(1), 0);
    await appendFile(eventsPath, line(1, "b").slice(20));
    expect((await readTimeline(eventsPath, idOf(1), next)).events).toMatchObject([{ event: "b" }]);
  });

  it("is read piece by piece from a large file, without losing an event between two pieces", async () => {
    const others = line(2, "x".repeat(997)).repeat(1000);
    await writeFile(eventsPath, "");
    for (let n = 0; n < 20; n += 1) await appendFile(eventsPath, line(1, `e${n}`) + others);
    const { events, readings } = await readAll(1);
    expect(events).toEqual(Array.from({ length: 20 }, (_, n) => `e${n}`));
    expect(readings).toBe(3);
  });

  it("skips a line of 17 MiB, which is too long to be an event", async () => {
    await writeFile(eventsPath, `${"x".repeat(17 * MIB)}\n${line(1, "a")}`);
    expect((await readAll(1)).events).toEqual(["a"]);
  });
});

describe("the dashboard server", () => {
  let live: LiveRun;
  let dashboard: Dashboard;
  beforeEach(async () => {
    live = runOf(2);
    dashboard = await startDashboard(0, live, folder);
  });
  afterEach(async () => {
    await dashboard.stop();
  });
  const fetchPath = async (path: string, init?: RequestInit): Promise<Response> =>
    fetch(new URL(path, dashboard.url), init);

  it("listens on the loopback interface only, on a free port", () => {
    expect(dashboard.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  it.each([
    ["/", "text/html"],
    ["/page.css", "text/css"],
    ["/page.js", "text/javascript"],
    ["/uplot.js", "text/javascript"],
    ["/uplot.css", "text/css"],
    ["/status", "application/json"],
  ])("serves %s, with a policy that forbids loading from other origins", async (path, type) => {
    const response = await fetchPath(path);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, expect.stringContaining(type)]);
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect((await response.text()).length).toBeGreaterThan(100);
  });

  it("serves every script and style sheet that the page and its scripts name", async () => {
    const pending = ["/"];
    const seen = new Set<string>();
    for (const path of pending) {
      if (seen.has(path)) continue;
      seen.add(path);
      const response = await fetchPath(path);
      expect([path, response.status]).toEqual([path, 200]);
      if (path.startsWith("/uplot")) continue;
      const named = [...(await response.text()).matchAll(/(?:src=|href=|from )"\.?(\/[\w.]+)"/g)];
      pending.push(...named.map(([, name = ""]) => name));
    }
    expect(seen.size).toBe(9);
  });

  it("serves the status with the events after a given number", async () => {
    live.heard({ event: "job_leased", job_id: idOf(0) });
    live.heard({ event: "lease_released", job_id: idOf(0) });
    expect(await (await fetchPath("/status?after=1")).json()).toMatchObject({
      phase: "running",
      jobs: { total: 2 },
      slos: expect.arrayContaining([expect.objectContaining({ verdict: "met", total: 3 })]),
      events: [{ number: 2, label: "f0.bin", event: { event: "lease_released" } }],
    });
  });

  it("serves the jobs in a state, and a job's timeline", async () => {
    await writeFile(eventsPath, `${JSON.stringify({ event: "job_leased", job_id: idOf(1) })}\n`);
    expect(await (await fetchPath("/jobs?state=WAITING")).json()).toHaveLength(2);
    expect(await (await fetchPath(`/timeline?job=${idOf(1)}`)).json()).toMatchObject({
      events: [{ event: "job_leased" }],
    });
  });

  it.each([
    ["/timeline?job=../../etc/passwd", 400],
    [`/timeline?job=${"0".repeat(32)}&from=-1`, 400],
    ["/status?after=x", 400],
    ["/page/../server.ts", 404],
    ["/..%2fserver.ts", 404],
    ["/live-run.ts", 404],
  ])("answers the invalid path %s with %i", async (path, status) => {
    expect((await fetchPath(path)).status).toBe(status);
  });

  it("refuses POST with 405 and a foreign Host header with 421", async () => {
    expect((await fetchPath("/status", { method: "POST" })).status).toBe(405);
    const status = await new Promise((resolve, reject) => {
      get(dashboard.url, { headers: { host: "evil.example:80" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on("error", reject);
    });
    expect(status).toBe(421);
  });

  it("fails to start with a clear message if the port is in use", async () => {
    const port = Number(new URL(dashboard.url).port);
    await expect(startDashboard(port, live, folder)).rejects.toThrow(
      `The dashboard cannot use port ${port}: it is in use. Choose another port, or write --dashboard without a port to get a free one.`,
    );
  });
});
