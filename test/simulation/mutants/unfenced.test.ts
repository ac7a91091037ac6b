import { expect, it } from "vitest";
import { showLoss, WITHOUT_FENCES } from "./unfenced.ts";

const SCHEDULES = 1500;

it("without fences, finished jobs are written to again: the oracle can see what the fence prevents", async () => {
  const { kinds, violations } = await showLoss(SCHEDULES);
  expect(violations).toBeGreaterThan(SCHEDULES / 100);
  expect(kinds.map(([kind]) => kind)).toContain("a job is INDEXED and was written to");
});

it("with them, the same schedules lose nothing, though nobody looks at the fence", async () => {
  const onlyTheOracle = WITHOUT_FENCES.filter(({ file }) => file.startsWith("test/"));
  expect(await showLoss(SCHEDULES, onlyTheOracle)).toEqual({ schedules: SCHEDULES, violations: 0, kinds: [] });
});
