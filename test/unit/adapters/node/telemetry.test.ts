import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { measuredTelemetry, stdoutTelemetry } from "../../../../adapters/powertools/stdout-telemetry.ts";
import type { TelemetryEvent } from "../../../../core/telemetry/events.ts";

const NOW = "2027-01-15T08:00:00.000Z";
const released = (job: number): TelemetryEvent => ({ event: "lease_released", job_id: `job-${job}`, owner: "me" });

let written: string[] = [];
const write = (lines: string): void => void written.push(lines);
const linesOf = (batch = ""): unknown[] =>
  batch
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));

beforeEach(() => {
  written = [];
  vi.useFakeTimers({ now: new Date(NOW) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("telemetry", () => {
  it("writes an event as one JSON line: its name first, then the time in ISO 8601, UTC", () => {
    const telemetry = measuredTelemetry("test", write);
    telemetry.emit(released(1));
    telemetry.flush();
    expect(written).toEqual([`{"event":"lease_released","timestamp":"${NOW}","job_id":"job-1","owner":"me"}\n`]);
  });

  it("writes a log line with its level, time, message and fields", () => {
    const telemetry = measuredTelemetry("test", write);
    telemetry.log("warn", "something\nhappened", { job_id: "job-1", attempt: 2, last: true });
    telemetry.flush();
    expect(written).toHaveLength(1);
    expect(linesOf(written[0])).toEqual([
      { level: "warn", timestamp: NOW, message: "something\nhappened", job_id: "job-1", attempt: 2, last: true },
    ]);
  });

  it("holds lines back until they are flushed, and then writes them in one batch, in order", () => {
    const telemetry = measuredTelemetry("test", write);
    for (const job of [1, 2, 3]) telemetry.emit(released(job));
    expect(written).toEqual([]);
    telemetry.flush();
    expect(written).toHaveLength(1);
    expect(linesOf(written[0])).toMatchObject([1, 2, 3].map((job) => ({ job_id: `job-${job}` })));
  });

  it("gives each line the time at which it was emitted, not the time at which it was written", () => {
    const telemetry = measuredTelemetry("test", write);
    telemetry.emit(released(1));
    vi.setSystemTime(new Date("2027-01-15T08:00:01.000Z"));
    telemetry.flush();
    expect(linesOf(written[0])).toMatchObject([{ timestamp: NOW }]);
  });

  it("writes nothing if there is nothing to flush, and no line twice", () => {
    const telemetry = measuredTelemetry("test", write);
    telemetry.flush();
    telemetry.emit(released(1));
    telemetry.flush();
    telemetry.flush();
    vi.runAllTimers();
    expect(written).toHaveLength(1);
  });

  it("writes lines that nobody flushes on a timer, one batch each time", () => {
    const telemetry = measuredTelemetry("test", write);
    telemetry.emit(released(1));
    telemetry.emit(released(2));
    vi.runAllTimers();
    telemetry.emit(released(3));
    vi.runAllTimers();
    expect(written.map((batch) => linesOf(batch).length)).toEqual([2, 1]);
  });

  it("writes a full batch without waiting for a flush, and loses no line", () => {
    const telemetry = measuredTelemetry("test", write);
    for (let job = 0; job < 1000; job += 1) telemetry.emit(released(job));
    expect(written.length).toBeGreaterThan(0);
    telemetry.flush();
    const jobs = written.flatMap((batch) => linesOf(batch)).map((line) => (line as { job_id: string }).job_id);
    expect(jobs).toEqual(Array.from({ length: 1000 }, (_, job) => `job-${job}`));
  });

  it("leaves no timer behind after a flush", () => {
    const telemetry = measuredTelemetry("test", write);
    telemetry.emit(released(1));
    telemetry.flush();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("loses only the batches whose write throws, and does not throw itself", () => {
    let isBroken = true;
    const telemetry = measuredTelemetry("test", (lines) => {
      if (isBroken) throw new Error("the pipe is closed");
      write(lines);
    });
    telemetry.emit(released(1));
    expect(() => telemetry.flush()).not.toThrow();
    for (let job = 0; job < 300; job += 1) telemetry.emit(released(job));
    telemetry.flush();
    isBroken = false;
    telemetry.emit(released(2));
    telemetry.flush();
    expect(written.map((batch) => linesOf(batch))).toMatchObject([[{ job_id: "job-2" }]]);
  });

  it("of a process goes to standard output", () => {
    vi.spyOn(process.stdout, "write").mockImplementation((lines) => {
      write(String(lines));
      return true;
    });
    const telemetry = stdoutTelemetry("test");
    telemetry.emit(released(1));
    telemetry.flush();
    expect(linesOf(written[0])).toMatchObject([{ event: "lease_released" }]);
  });
});
