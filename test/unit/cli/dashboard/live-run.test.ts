import { describe, expect, it } from "vitest";
import { LiveRun, type RunStatus } from "../../../../cli/dashboard/live-run.ts";
import { Throughput } from "../../../../cli/dashboard/throughput.ts";
import type { Snapshot } from "../../../../cli/view/view.ts";
import { idOf, runOf } from "./support.ts";

const MIB = 2 ** 20;
const sampleAt = (atMs: number, done: number, bytes: number): Snapshot => ({
  atMs,
  total: 2,
  isGrowing: false,
  done,
  failed: 0,
  bytes,
  underWay: [],
  waiting: { jobs: 0, by: [] },
});
const countsOf = ({ states }: RunStatus): object =>
  Object.fromEntries(states.filter(({ count }) => count > 0).map(({ state, count }) => [state, count]));

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

  it("says what waits, in words", () => {
    const live = runOf(1);
    expect(live.status(0).waits).toBe("");
    const waiting = { jobs: 1, by: [{ host: "a.example", reason: "http_503", jobs: 1, inMs: 2000 }] };
    live.refreshed({ ...sampleAt(0, 0, 0), waiting });
    expect(live.status(0).waits).toBe(
      "1 job waits: a.example: the origin answered 503 Service Unavailable, next in 2.0 s",
    );
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
