import { afterAll, expect, it } from "vitest";
import { checkEvent } from "../event-check.ts";
import { runSingles, type Coverage } from "../simulation/search/exhaustive.ts";
import type { ProvenScenario } from "../simulation/scenarios/scenario-kinds.ts";
import { SCENARIOS } from "../simulation/scenarios/scenarios.ts";

const covered: Coverage[] = [];

afterAll(() => {
  const boundaries = covered.reduce((sum, coverage) => sum + coverage.boundaries, 0);
  const rows = covered.map(({ scenario, boundaries: count, struck, takenOver }) => ({
    scenario,
    boundaries: count,
    ...struck,
    "taken over": takenOver,
  }));
  console.table(rows);
  console.log(`${boundaries} boundaries of ${covered.length} scenarios, each struck in every mode`);
});

it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
  "%s: ends as expected whichever call a fault strikes, in every mode",
  async (_name, scenario) => {
    const coverage = await runSingles(scenario, checkEvent);
    expect(coverage.violations).toEqual([]);
    expect(coverage.struck).toEqual(coverage.strikable);
    covered.push(coverage);
  },
);

it("in every scenario with leases, some frozen worker loses its job to another", () => {
  const expected = SCENARIOS.filter((scenario) => scenario.gate === 0 || isOnlyCancelled(scenario));
  const withoutTakeover = covered.filter(({ takenOver }) => takenOver === 0).map(({ scenario }) => scenario);
  expect(withoutTakeover).toEqual(expected.map(({ name }) => name));
});

/** Nobody takes over a job that has ended meanwhile. */
const isOnlyCancelled = ({ cancels, messages, reopensCancelled }: ProvenScenario): boolean =>
  cancels !== undefined && messages.length === 1 && reopensCancelled !== true;
