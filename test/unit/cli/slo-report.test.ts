import { describe, expect, it } from "vitest";
import { describeSlos } from "../../../cli/download/slo-table.ts";
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
  if (!result) throw new Error("An objective without a result.");
  return result;
}

describe("the report of an objective", () => {
  it.each<[string, number, number, Partial<SloResult>]>([
    ["nothing", 0, 0, { total: 0, actual: undefined, budgetLeft: undefined, verdict: "no data" }],
    ["one good event", 1, 0, { good: 1, actual: 1, budgetLeft: 1, verdict: "met" }],
    ["one bad event alone", 0, 1, { actual: 0, verdict: "too few to tell" }],
    ["two bad events of few", 37, 2, { good: 37, bad: 2, total: 39, verdict: "too few to tell" }],
    ["three bad events of few", 36, 3, { verdict: "missed" }],
    ["half of the budget", 399, 1, { actual: 0.9975, verdict: "met" }],
    ["all of the budget, and no more", 995, 5, { actual: 0.995, budgetLeft: 0, verdict: "met" }],
    ["one more than the budget allows", 994, 6, { verdict: "missed" }],
    ["a million events", 995_001, 4999, { verdict: "met" }],
  ])("after %s", (_, JobsCompleted, JobsFailed, expected) => {
    expect(reportOf({ JobsCompleted, JobsFailed })).toMatchObject(expected);
  });

  it.each([
    [399, 1, 0.5],
    [198, 2, -1],
    [0, 10, -199],
  ])("of %i good and %i bad events has %d of the budget left", (JobsCompleted, JobsFailed, left) => {
    expect(reportOf({ JobsCompleted, JobsFailed }).budgetLeft).toBeCloseTo(left, 9);
  });

  it.each(SLOS)("$id is just met, to the last event, with all of its budget spent", (slo) => {
    const bad = Math.round((1 - slo.objective) * 1000);
    const other = slo.total.find((name) => name !== slo.bad);
    if (other === undefined) throw new Error("An objective whose events are all bad.");
    const sums = (count: number): Measurements => ({
      [slo.bad]: count,
      [other]: slo.total.includes(slo.bad) ? 1000 - count : 1000,
    });
    expect(reportOf(sums(bad), slo)).toMatchObject({ bad, total: 1000, budgetLeft: 0, verdict: "met" });
    expect(reportOf(sums(bad + 1), slo).budgetLeft).toBeLessThan(0);
  });

  it("counts events as they come, valid work alone, and what it does not know not at all", () => {
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

describe("the table", () => {
  it("is aligned, and never rounds up", () => {
    const results = [
      reportOf({ JobsCompleted: 1_000_000, JobsFailed: 4 }),
      reportOf({ JobsCompleted: 4, JobsFailed: 40 }, { ...completion, title: "Another, longer one" }),
      reportOf({}, { ...completion, title: "Idle" }),
    ];
    expect(describeSlos(results)).toEqual([
      "SLO                   objective    actual   budget left   verdict",
      "Completion               99.5 %   99.99 %       99.92 %   met (4 of 1000004 bad)",
      "Another, longer one      99.5 %    9.09 %      -18081 %   missed (40 of 44 bad)",
      "Idle                     99.5 %         -             -   no data",
    ]);
  });

  it("is a sentence when nothing was measured", () => {
    expect(describeSlos(sloReport({}, SLOS))).toEqual(["No SLO report: this run has no measurements."]);
  });
});
