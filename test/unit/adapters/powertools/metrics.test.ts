import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { measuredTelemetry } from "../../../../adapters/powertools/stdout-telemetry.ts";
import type { TelemetryEvent } from "../../../../core/telemetry/events.ts";
import { METRICS } from "../../../../core/telemetry/metrics.ts";
import { EXAMPLE_EVENTS } from "../../../../dashboards/docs/example-events.ts";
import { embeddedMetrics, measuredIn, valuesOf } from "../../../embedded-metrics.ts";

let written = "";
const write = (lines: string): void => {
  written += lines;
};
const metricLines = () =>
  written
    .split("\n")
    .filter((line) => line.includes('"_aws"'))
    .map((line) => embeddedMetrics.parse(JSON.parse(line)));

const leased = (acquired_in_ms: number): TelemetryEvent => ({
  event: "job_leased",
  job_id: "0".repeat(32),
  owner: "me",
  ttl_sec: 1,
  acquired_in_ms,
});

beforeEach(() => {
  written = "";
  vi.useFakeTimers({ now: new Date("2027-01-15T08:00:00.000Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("embedded metrics", () => {
  it.each(EXAMPLE_EVENTS.map((event) => [event.event, event] as const))(
    "of the event %s are exactly those that it counts for",
    (_, event) => {
      const telemetry = measuredTelemetry("staging", write);
      telemetry.emit(event);
      telemetry.flush();
      expect(valuesOf(metricLines())).toEqual(measuredIn([event]));
      expect(metricLines()).toHaveLength(Object.keys(measuredIn([event])).length > 0 ? 1 : 0);
    },
  );

  it("of an invocation are one line with all metrics, their units, and one dimension", () => {
    const telemetry = measuredTelemetry("staging", write);
    for (const event of EXAMPLE_EVENTS) telemetry.emit(event);
    telemetry.flush();
    const [line, ...more] = metricLines();
    expect(more).toEqual([]);
    const named = Object.entries(METRICS).map(([name, { unit }]) => `${name} in ${unit}`);
    expect(Object.keys(valuesOf(line ? [line] : [])).toSorted()).toEqual(named.toSorted());
    expect(line).toMatchObject({ namespace: "fetchonce", timestampMs: Date.now() });
    expect(line?.dimensions).toEqual({ environment: "staging" });
  });

  it("are written to the same output as events, on lines of their own", () => {
    const telemetry = measuredTelemetry("staging", write);
    telemetry.emit(leased(1));
    telemetry.flush();
    expect(
      written
        .trimEnd()
        .split("\n")
        .map((line) => Object.keys(JSON.parse(line) as object)[0]),
    ).toEqual(["event", "_aws"]);
  });

  it.each([99, 100, 101, 1000])(
    "of %d events lose no value, and no line has more than 100 values of one metric",
    (count) => {
      const telemetry = measuredTelemetry("staging", write);
      const events = Array.from({ length: count }, (_, index) => leased(index));
      for (const event of events) telemetry.emit(event);
      telemetry.flush();
      expect(valuesOf(metricLines())).toEqual(measuredIn(events));
      for (const { dimensions } of metricLines()) expect(dimensions).toEqual({ environment: "staging" });
    },
  );

  it("are written once, and not at all if nothing was counted", () => {
    const telemetry = measuredTelemetry("staging", write);
    telemetry.flush();
    expect(written).toBe("");
    telemetry.emit(leased(1));
    telemetry.flush();
    telemetry.flush();
    vi.runAllTimers();
    expect(metricLines()).toHaveLength(1);
  });

  it("of a long invocation are written after ten seconds", () => {
    const telemetry = measuredTelemetry("staging", write);
    telemetry.emit(leased(1));
    vi.advanceTimersByTime(9_999);
    expect(metricLines()).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(valuesOf(metricLines())).toEqual(measuredIn([leased(1)]));
  });

  it("drop a value that is not a number, and do not throw", () => {
    const telemetry = measuredTelemetry("staging", write);
    expect(() => telemetry.emit(leased(undefined as never))).not.toThrow();
    telemetry.emit({
      event: "crash_recovery_event",
      recovered_leases: 0,
      abandoned_ops: 0,
      recovered_late: 0,
      oldest_expired_ms: 0,
      unreadable_records: 0,
    });
    telemetry.flush();
    expect(valuesOf(metricLines())).toMatchObject({ "ReconcilerRuns in Count": [1] });
  });
});

describe("what a version of the code failed to do", () => {
  const failed = (failure_class: "origin" | "system", reason: string): TelemetryEvent => ({
    event: "job_state_changed",
    job_id: "0".repeat(32),
    from_state: "STREAMING",
    to_state: "FAILED",
    since_planned_ms: 1,
    reason,
    failure_class,
    host: "origin.example",
  });

  it("is counted once more, by its version alone: valid jobs that failed, and deliveries that could not be worked on", () => {
    const telemetry = measuredTelemetry("staging", write, undefined, "worker:7");
    telemetry.emit(failed("system", "unexpected:TypeError"));
    telemetry.emit(failed("origin", "http_404"));
    telemetry.emit({ event: "delivery_failed", component: "worker", error_class: "table_busy", attempt: 3 });
    telemetry.emit(leased(5));
    telemetry.flush();
    const ofVersion = metricLines().filter(({ dimensions }) => "version" in dimensions);
    expect(ofVersion).toMatchObject([
      {
        namespace: "fetchonce",
        dimensions: { environment: "staging", version: "worker:7" },
        metrics: [{ name: "WorkFailed", unit: "Count", values: [2] }],
      },
    ]);
    written = "";
    telemetry.emit(leased(5));
    telemetry.flush();
    expect(metricLines().filter(({ dimensions }) => "version" in dimensions)).toEqual([]);
  });

  it("is not counted of what has no version", () => {
    const telemetry = measuredTelemetry("staging", write);
    telemetry.emit(failed("system", "unexpected:TypeError"));
    telemetry.flush();
    expect(metricLines().some(({ dimensions }) => "version" in dimensions)).toBe(false);
  });
});
