import { describe, expect, it } from "vitest";
import type { TelemetryEvent } from "../../../core/telemetry/events.ts";
import type { Measurements } from "../../../core/telemetry/metrics.ts";
import { MetricSums, sloReport, type SloResult } from "../../../dashboards/catalogue/report.ts";
import { SLOS, type Slo } from "../../../dashboards/catalogue/slos.ts";

const completion: Slo = {
  id: "completion",
  title: "Completion",
  objective: 0.995,
  windowDays: 1,
  bad: "JobsFailed",
  total: ["JobsCompleted", "JobsFailed"],
  rules: [],
  summary: "",
  runbook: "",
};

function reportOf(sums: Measurements, slo: Slo = completion): SloResult {
  const [result] = sloReport(sums, [slo]);
  if (!result) throw new Error("The report has no result for the objective.");
  return result;
}

describe("the SLO report", () => {
  it.each<[string, number, number, Partial<SloResult>]>([
    ["no events as no data", 0, 0, { total: 0, actual: undefined, budgetLeft: undefined, verdict: "no data" }],
    ["one good event as met", 1, 0, { good: 1, actual: 1, budgetLeft: 1, verdict: "met" }],
    ["one bad event alone as too few to tell", 0, 1, { actual: 0, verdict: "too few to tell" }],
    ["two bad events of 39 as too few to tell", 37, 2, { good: 37, bad: 2, total: 39, verdict: "too few to tell" }],
    ["three bad events of 39 as missed", 36, 3, { verdict: "missed" }],
    ["half of the budget spent as met", 399, 1, { actual: 0.9975, verdict: "met" }],
    ["exactly all of the budget spent as met", 995, 5, { actual: 0.995, budgetLeft: 0, verdict: "met" }],
    ["one bad event more than the budget allows as missed", 994, 6, { verdict: "missed" }],
    ["a million events just within the budget as met", 995_001, 4999, { verdict: "met" }],
  ])("judges %s", (_, JobsCompleted, JobsFailed, expected) => {
    expect(reportOf({ JobsCompleted, JobsFailed })).toMatchObject(expected);
  });

  it.each([
    [399, 1, 0.5],
    [198, 2, -1],
    [0, 10, -199],
  ])("for %i good and %i bad events has %d of the budget left", (JobsCompleted, JobsFailed, left) => {
    expect(reportOf({ JobsCompleted, JobsFailed }).budgetLeft).toBeCloseTo(left, 9);
  });

  it.each(SLOS)("judges $id as met with its whole budget spent, and not with one more bad event", (slo) => {
    const bad = Math.round((1 - slo.objective) * 1000);
    const other = slo.total.find((name) => name !== slo.bad);
    if (other === undefined) throw new Error("The objective counts no metric besides its bad events.");
    const sums = (count: number): Measurements => ({
      [slo.bad]: count,
      [other]: slo.total.includes(slo.bad) ? 1000 - count : 1000,
    });
    expect(reportOf(sums(bad), slo)).toMatchObject({ bad, total: 1000, budgetLeft: 0, verdict: "met" });
    expect(reportOf(sums(bad + 1), slo).budgetLeft).toBeLessThan(0);
  });

  it("counts valid work only, and ignores unknown events", () => {
    const change = { event: "job_state_changed", job_id: "j", from_state: "STREAMING" } as const;
    const events: TelemetryEvent[] = [
      { ...change, to_state: "FINALIZED", since_planned_ms: 31_000 },
      { ...change, to_state: "FINALIZED", since_planned_ms: 5 },
      { ...change, to_state: "FAILED", reason: "http_404", failure_class: "origin", since_planned_ms: 5 },
      { ...change, to_state: "FAILED", reason: "unexpected:x", failure_class: "system", since_planned_ms: 5 },
      { event: "job_leased", job_id: "j", owner: "o", ttl_sec: 1, acquired_in_ms: 101 },
      { event: "something_new" } as never,
    ];
    const metrics = new MetricSums();
    for (const event of events) metrics.add(event);
    const counts = sloReport(metrics.sums, SLOS).map(({ slo, bad, total }) => [slo.id, bad, total]);
    expect(counts).toEqual([
      ["job-completion", 1, 3],
      ["time-to-complete-median", 1, 2],
      ["time-to-complete-tail", 0, 2],
      ["crash-recovery", 0, 0],
      ["lease-acquisition", 1, 1],
      ["operation-replay", 0, 0],
    ]);
  });
});
