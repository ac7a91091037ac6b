import { describe, expect, it } from "vitest";
import type { AlarmSettings } from "../../dashboards/catalogue/alarm.ts";
import { alarmsOf } from "../../dashboards/catalogue/alarms.ts";
import { badRatioOf, budgetOf, SLOS } from "../../dashboards/catalogue/slos.ts";
import { METRICS, metricsOf, type MetricName } from "../../core/telemetry/metrics.ts";

const SETTINGS = {
  workerTimeoutMs: 900_000,
  longWorkerTimeoutMs: 900_000,
  expiredRecords: "archive",
  announcements: "single",
} as const satisfies AlarmSettings;

const RULES = SLOS.flatMap((slo) => slo.rules.map((rule) => ({ name: `${slo.id} ${rule.id}`, slo, rule })));

describe.each(RULES)("the rule $name", ({ slo, rule }) => {
  it("can fire: its share of bad events is at most 1", () => {
    expect(badRatioOf(slo, rule)).toBeLessThanOrEqual(1);
  });

  it("means that 10 to 100 % of the budget is spent, or all of it if its window is the objective's own", () => {
    const spent = (rule.factor * rule.longMinutes) / (slo.windowDays * 1440);
    expect(spent).toBeGreaterThanOrEqual(rule.longMinutes === slo.windowDays * 1440 ? 1 - 1e-9 : 0.1);
    expect(spent).toBeLessThanOrEqual(1 + 1e-9);
  });

  it("has tiers of which each wants more bad events and a smaller share than the one before", () => {
    expect(rule.tiers.map(({ leastBad }) => leastBad)).toEqual(
      rule.tiers.map(({ leastBad }) => leastBad).toSorted((a, b) => a - b),
    );
    expect(rule.tiers.at(-1)?.share).toBe(badRatioOf(slo, rule));
  });
});

describe("the burn rules for a daily objective of 99.5 %", () => {
  it.each([
    { id: "fast", factor: 6, ratio: 0.03, windows: [60, 30] },
    { id: "slow", factor: 2, ratio: 0.01, windows: [360, 120] },
    { id: "breached", factor: 1, ratio: 0.005, windows: [1440, undefined] },
  ])("$id: factor $factor, ratio $ratio", ({ id, factor, ratio, windows }) => {
    const slo = SLOS.find((candidate) => candidate.id === "job-completion");
    const rule = slo?.rules.find((candidate) => candidate.id === id);
    expect([rule?.factor, rule?.longMinutes, rule?.short?.minutes]).toEqual([factor, ...windows]);
    expect(slo && rule && badRatioOf(slo, rule)).toBe(ratio);
  });
});

describe("objectives", () => {
  it("are these six, with these targets, windows and budgets", () => {
    expect(SLOS.map((slo) => [slo.id, slo.objective, slo.windowDays, budgetOf(slo)])).toEqual([
      ["job-completion", 0.995, 1, 0.005],
      ["time-to-complete-median", 0.5, 1, 0.5],
      ["time-to-complete-tail", 0.95, 1, 0.05],
      ["crash-recovery", 0.999, 7, 0.001],
      ["lease-acquisition", 0.99, 1, 0.01],
      ["operation-replay", 0.95, 7, 0.05],
    ]);
  });

  it("are ratios of metrics with unit Count, never of durations", () => {
    const names = SLOS.flatMap(({ bad, total }) => [bad, ...total]);
    expect(names.filter((name) => METRICS[name].unit !== "Count")).toEqual([]);
  });
});

describe("the alarms of the catalogue", () => {
  it("have the same descriptions in every environment: settings change only their conditions", () => {
    const textOf = (settings: AlarmSettings) =>
      alarmsOf(settings).map(({ conditions: _conditions, ...described }) => described);
    const others = { ...SETTINGS, workerTimeoutMs: 1, longWorkerTimeoutMs: 1 };
    expect(textOf(SETTINGS)).toEqual(textOf(others));
  });

  const ANNOUNCER = ["announcements-late", "announcer-not-started"];
  const ARCHIVER = ["archive-late", "archiver-not-started"];
  const EITHER = ["stream-dead-letters"];
  const READERS = [...ANNOUNCER, ...EITHER, ...ARCHIVER];
  it.each([
    { announcements: "single", expiredRecords: "archive", waitFor: READERS },
    { announcements: "batched", expiredRecords: "archive", waitFor: READERS },
    { announcements: "none", expiredRecords: "archive", waitFor: [...EITHER, ...ARCHIVER] },
    { announcements: "single", expiredRecords: "delete", waitFor: [...ANNOUNCER, ...EITHER] },
    { announcements: "single", expiredRecords: "keep", waitFor: [...ANNOUNCER, ...EITHER] },
    { announcements: "none", expiredRecords: "delete", waitFor: [] },
  ] as const)(
    "wait for the stream's readers that there are: with announcements $announcements and expired records $expiredRecords, $waitFor",
    ({ waitFor, ...settings }) => {
      const idsOf = (changes: Partial<AlarmSettings>) => alarmsOf({ ...SETTINGS, ...changes }).map(({ id }) => id);
      const others = idsOf({}).filter((id) => !READERS.includes(id));
      expect(idsOf(settings).toSorted()).toEqual([...others, ...waitFor].toSorted());
    },
  );

  it("have unique ids", () => {
    const ids = alarmsOf(SETTINGS).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("count a failed job once as bad and once among the valid jobs", () => {
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
