import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { measuredTelemetry } from "../../../../adapters/powertools/stdout-telemetry.ts";
import type { Holding } from "../../../../adapters/node/held-events.ts";
import type { Telemetry } from "../../../../core/ports/telemetry.ts";
import type { TelemetryEvent } from "../../../../core/telemetry/events.ts";
import { packJob, type Fields } from "../../../../core/telemetry/packed-job.ts";
import { unpackJob } from "../../../../core/telemetry/unpack-job.ts";
import { embeddedMetrics, measuredIn, valuesOf } from "../../../embedded-metrics.ts";
import { STARTED_MS, usualJob } from "../../../../dashboards/docs/example-job.ts";

const HELD: Holding = { holdMs: 5000, samplePercent: 100 };
const JOB = "a".repeat(32);
const OTHER_JOB = "b".repeat(32);

let written = "";
const linesOf = (): readonly Fields[] =>
  written
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Fields);
const eventLines = (): readonly Fields[] => linesOf().filter(({ event }) => event !== undefined);
const unpacked = (): readonly Fields[] => eventLines().flatMap((line) => unpackJob(line));
const namesOf = (lines: readonly Fields[]): readonly unknown[] => lines.map(({ event }) => event);
const start = (holding = HELD): Telemetry => measuredTelemetry("test", (lines) => void (written += lines), holding);

const own = (job: string): readonly TelemetryEvent[] => usualJob(job).map(({ event }) => event);
const asLines = (events: readonly TelemetryEvent[], atMs = STARTED_MS): readonly Fields[] =>
  events.map(({ event, ...fields }) => ({ event, timestamp: new Date(atMs).toISOString(), ...fields }));

function emit(telemetry: Telemetry, events: readonly TelemetryEvent[]): void {
  for (const event of events) telemetry.emit(event);
}

beforeEach(() => {
  written = "";
  vi.useFakeTimers({ now: STARTED_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

const [planned, leased] = own(JOB) as [TelemetryEvent, TelemetryEvent];
const released = own(JOB).at(-1) as TelemetryEvent;
const stream = { job_id: JOB, op_key: "0".repeat(32), op_type: "STREAM" } as const;

describe("the events of a job without trouble", () => {
  it("are one line, when it ends", () => {
    const telemetry = start();
    emit(telemetry, own(JOB).slice(0, -1));
    vi.advanceTimersByTime(4_900);
    expect(eventLines()).toEqual([]);
    telemetry.emit(released);
    vi.advanceTimersByTime(100);
    expect(namesOf(eventLines())).toEqual(["job_packed"]);
    expect(unpacked()).toEqual([...asLines(own(JOB).slice(0, -1)), ...asLines([released], STARTED_MS + 4_900)]);
  });

  it("of several jobs at a time are a line for each", () => {
    const telemetry = start();
    const others = own(OTHER_JOB);
    for (const [index, event] of own(JOB).entries()) emit(telemetry, [event, others[index] ?? event]);
    telemetry.flush();
    expect(namesOf(eventLines())).toEqual(["job_packed", "job_packed"]);
    expect(unpacked()).toEqual([...asLines(own(JOB)), ...asLines(others)]);
  });

  it("are lines if nothing is to be held", () => {
    const telemetry = start({ holdMs: 0, samplePercent: 100 });
    emit(telemetry, own(JOB));
    telemetry.flush();
    expect(eventLines()).toEqual(asLines(own(JOB)));
  });

  it("leave no timer behind", () => {
    const telemetry = start();
    emit(telemetry, own(JOB));
    telemetry.flush();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the events of a job that is held", () => {
  it("are written as lines when the time is over, and those that follow at once", () => {
    const telemetry = start();
    emit(telemetry, own(JOB).slice(0, 4));
    vi.advanceTimersByTime(5_049);
    expect(eventLines()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(eventLines()).toEqual(asLines(own(JOB).slice(0, 4)));
    emit(telemetry, own(JOB).slice(4));
    vi.advanceTimersByTime(50);
    expect(eventLines()).toEqual([...asLines(own(JOB).slice(0, 4)), ...asLines(own(JOB).slice(4), STARTED_MS + 5_050)]);
  });

  it("are written as lines when the invocation ends, so that nothing is held while the process stands still", () => {
    const telemetry = start();
    emit(telemetry, own(JOB).slice(0, 4));
    telemetry.flush();
    expect(eventLines()).toEqual(asLines(own(JOB).slice(0, 4)));
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each<readonly [what: string, trouble: TelemetryEvent]>([
    [
      "its failure",
      {
        event: "job_state_changed",
        job_id: JOB,
        from_state: "LEASED",
        to_state: "FAILED",
        since_planned_ms: 1,
        reason: "http_404",
        failure_class: "origin",
        host: "example.com",
      },
    ],
    ["its release before it is stored", released],
    [
      "a recovery",
      {
        event: "crash_recovery_event",
        job_id: JOB,
        recovered_leases: 1,
        abandoned_ops: 1,
        recovered_late: 0,
        oldest_expired_ms: 1,
        unreadable_records: 0,
      },
    ],
    ["a replay", { event: "idempotency_replay", ...stream, reused_from_time: "2027-01-15T07:00:00.000Z" }],
    ["a renewal", { event: "lease_renewed", job_id: JOB, owner: "me", new_ttl_sec: 1 }],
    ["an event of a later release", { event: "job_moved", job_id: JOB } as unknown as TelemetryEvent],
  ])("are written as lines with %s, and so are all that follow", (_, trouble) => {
    const telemetry = start();
    const before = own(JOB).slice(0, 4);
    emit(telemetry, [...before, trouble]);
    vi.advanceTimersByTime(50);
    expect(eventLines()).toEqual(asLines([...before, trouble]));
    written = "";
    emit(telemetry, own(JOB).slice(4));
    vi.advanceTimersByTime(50);
    expect(eventLines()).toEqual(asLines(own(JOB).slice(4), STARTED_MS + 50));
  });

  it("are written before what the log says of the job, and those of other jobs stay held", () => {
    const telemetry = start();
    emit(telemetry, [planned, leased, ...own(OTHER_JOB)]);
    telemetry.log("info", "An attempt failed.", { job_id: JOB });
    telemetry.log("info", "Something else.", { host: "example.com" });
    vi.advanceTimersByTime(50);
    const [other, ...lines] = linesOf();
    expect(other).toMatchObject({ event: "job_packed", job_id: OTHER_JOB });
    expect(lines.map(({ event, message }) => event ?? message)).toEqual([
      "job_planned",
      "job_leased",
      "An attempt failed.",
      "Something else.",
    ]);
  });

  it("that is planned again are two jobs' worth of lines, in their order", () => {
    const telemetry = start();
    emit(telemetry, [planned, leased, ...own(JOB)]);
    telemetry.flush();
    expect(namesOf(eventLines())).toEqual(["job_planned", "job_leased", "job_packed"]);
  });
});

it("the events of a job that was begun before are lines, at once", () => {
  const telemetry = start();
  emit(telemetry, own(JOB).slice(1));
  vi.advanceTimersByTime(50);
  expect(eventLines()).toEqual(asLines(own(JOB).slice(1)));
});

it("an event without a job is a line, at once", () => {
  const telemetry = start();
  const event: TelemetryEvent = {
    event: "crash_recovery_event",
    recovered_leases: 0,
    abandoned_ops: 0,
    recovered_late: 0,
    oldest_expired_ms: 0,
    unreadable_records: 0,
  };
  telemetry.emit(event);
  vi.advanceTimersByTime(50);
  expect(eventLines()).toEqual(asLines([event]));
});

describe("a sample of the log", () => {
  const jobs = Array.from({ length: 800 }, (_, index) =>
    createHash("sha256").update(String(index)).digest("hex").slice(0, 32),
  );
  const logged = (samplePercent: number): readonly unknown[] => {
    written = "";
    const telemetry = start({ holdMs: 5000, samplePercent });
    for (const job of jobs) emit(telemetry, own(job));
    telemetry.flush();
    return eventLines().map(({ job_id }) => job_id);
  };

  it("has as many jobs as it should, the same each time, and all of them in every larger sample", () => {
    expect(logged(0)).toEqual([]);
    expect(logged(100)).toEqual(jobs);
    const tenth = logged(10);
    expect(tenth.length / jobs.length).toBeCloseTo(0.1, 1);
    expect(logged(10)).toEqual(tenth);
    expect(new Set(logged(30))).toEqual(new Set([...logged(30), ...tenth]));
  });

  it("has every job with trouble, whole", () => {
    const telemetry = start({ holdMs: 5000, samplePercent: 0 });
    emit(telemetry, own(JOB).slice(0, 6));
    telemetry.log("warn", "The lease was not renewed.", { job_id: JOB });
    emit(telemetry, own(JOB).slice(6));
    telemetry.flush();
    expect(eventLines()).toEqual(asLines(own(JOB)));
  });

  it.each([0, 100])("of %i percent leaves the metrics of all jobs as they are", (samplePercent) => {
    const telemetry = start({ holdMs: 5000, samplePercent });
    const events = jobs.slice(0, 150).flatMap(own);
    emit(telemetry, events);
    telemetry.flush();
    const metrics = linesOf().flatMap((line) => (line["_aws"] === undefined ? [] : [embeddedMetrics.parse(line)]));
    expect(valuesOf(metrics)).toEqual(measuredIn(events));
  });
});

it("a process that is asked to end writes what it holds, and ends of it", async () => {
  vi.useRealTimers();
  const program = `
    const { stdoutTelemetry } = await import(${JSON.stringify(new URL("../../../../adapters/powertools/stdout-telemetry.ts", import.meta.url).href)});
    const telemetry = stdoutTelemetry("test", ${JSON.stringify(HELD)});
    for (const event of ${JSON.stringify([planned, leased])}) telemetry.emit(event);
    setInterval(() => undefined, 1000);
    process.stderr.write("held");`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written += text));
  await once(child.stderr, "data");
  expect(written).toBe("");
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([null, "SIGTERM"]);
  expect(namesOf(eventLines())).toEqual(["job_planned", "job_leased"]);
});

it("packs what it is given, also nothing", () => {
  expect(packJob([])).toEqual({ event: "job_packed", timestamp: "1970-01-01T00:00:00.000Z", events: "" });
});
