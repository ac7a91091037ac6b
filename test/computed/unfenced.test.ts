import { expect, it } from "vitest";
import { showLoss, WITHOUT_FENCES } from "../simulation/mutants/unfenced.ts";

const SCHEDULES = 1500;

it("without fences, finished jobs are written to again, and the oracle reports it", async () => {
  const { kinds, violations } = await showLoss(SCHEDULES);
  expect(violations).toBeGreaterThan(SCHEDULES / 100);
  expect(kinds.map(([kind]) => kind)).toContain("a job was written to after it became INDEXED");
});

it("with fences, the same schedules lose nothing even if the oracle ignores the fence", async () => {
  const onlyTheOracle = WITHOUT_FENCES.filter(({ file }) => file.startsWith("test/"));
  expect(await showLoss(SCHEDULES, onlyTheOracle)).toEqual({ schedules: SCHEDULES, violations: 0, kinds: [] });
});
