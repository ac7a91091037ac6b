import { describe, expect, it } from "vitest";
import { alarmsOf } from "../../dashboards/catalogue/alarms.ts";
import { badRatioOf, budgetOf, LEAST_BAD_EVENTS, SLOS } from "../../dashboards/catalogue/slos.ts";
import { METRICS, metricsOf, type MetricName } from "../../core/telemetry/metrics.ts";

const SETTINGS = { workerTimeoutMs: 900_000, visibilityTimeoutMs: 900_000, ledgerGrowthADay: 1_000_000 };

const RULES = SLOS.flatMap((slo) => slo.rules.map((rule) => ({ name: `${slo.id} ${rule.id}`, slo, rule })));

describe.each(RULES)("the rule $name", ({ slo, rule }) => {
  it("can be met: no more events than all of them need be bad", () => {
    expect(badRatioOf(slo, rule)).toBeLessThanOrEqual(1);
  });

  it("spends a share of the budget that is worth somebody's time, and all of it when the window is the objective's", () => {
    const spent = (rule.factor * rule.longMinutes) / (slo.windowDays * 1440);
    expect(spent).toBeGreaterThanOrEqual(rule.shortMinutes === undefined ? 1 - 1e-9 : 0.1);
    expect(spent).toBeLessThanOrEqual(1 + 1e-9);
  });

  it("has events enough that its ratio means as many bad ones as are no chance", () => {
    expect(rule.leastEvents * badRatioOf(slo, rule)).toBeGreaterThanOrEqual(LEAST_BAD_EVENTS - 1e-9);
  });
});

describe("the design's table for a daily objective of 99.5 %", () => {
  it.each([
    { id: "fast", factor: 6, ratio: 0.03, leastEvents: 100, windows: [60, 5] },
    { id: "slow", factor: 2, ratio: 0.01, leastEvents: 300, windows: [360, 30] },
    { id: "breached", factor: 1, ratio: 0.005, leastEvents: 600, windows: [1440, undefined] },
  ])("$id", ({ id, factor, ratio, leastEvents, windows }) => {
    const slo = SLOS.find((candidate) => candidate.id === "job-completion");
    const rule = slo?.rules.find((candidate) => candidate.id === id);
    expect(rule).toMatchObject({ factor, leastEvents, longMinutes: windows[0], shortMinutes: windows[1] });
    expect(slo && rule && badRatioOf(slo, rule)).toBe(ratio);
  });
});

describe("objectives", () => {
  it("are those of the design", () => {
    expect(SLOS.map((slo) => [slo.id, slo.objective, slo.windowDays, budgetOf(slo)])).toEqual([
      ["job-completion", 0.995, 1, 0.005],
      ["time-to-complete-median", 0.5, 1, 0.5],
      ["time-to-complete-tail", 0.95, 1, 0.05],
      ["crash-recovery", 0.999, 7, 0.001],
      ["lease-acquisition", 0.99, 1, 0.01],
      ["operation-replay", 0.95, 7, 0.05],
    ]);
  });

  it("count what is counted, not what is timed", () => {
    const names = SLOS.flatMap(({ bad, total }) => [bad, ...total]);
    expect(names.filter((name) => METRICS[name].unit !== "Count")).toEqual([]);
  });

  it("are each guarded by an alarm that needs no least number of events", () => {
    const guarded = new Set(alarmsOf(SETTINGS).flatMap(({ kind, slo }) => (kind === "burn" ? [] : (slo ?? []))));
    const lost = SLOS.map(({ id }) => id).filter((id) => !guarded.has(id));
    expect(lost).toEqual([]);
  });
});

describe("alarms", () => {
  it("are described the same in every environment: only thresholds differ", () => {
    const textOf = (settings: typeof SETTINGS) =>
      alarmsOf(settings).map(({ conditions: _conditions, ...described }) => described);
    expect(textOf(SETTINGS)).toEqual(textOf({ workerTimeoutMs: 1, visibilityTimeoutMs: 1, ledgerGrowthADay: 1 }));
  });

  it("have ids of their own", () => {
    const ids = alarmsOf(SETTINGS).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("read the same events for bad and valid: whoever counts a bad one counts it as valid, too", () => {
    const failed = metricsOf({
      event: "job_state_changed",
      job_id: "0",
      from_state: "STREAMING",
      to_state: "FAILED",
      reason: "retries_exhausted:http_503",
      failure_class: "origin",
      since_planned_ms: 1,
    });
    const [completion] = SLOS;
    const valid = completion?.total.reduce((sum, name: MetricName) => sum + (failed[name] ?? 0), 0);
    expect([completion && failed[completion.bad], valid]).toEqual([1, 1]);
  });
});
