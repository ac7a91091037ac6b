/** The first 250 of the 10,000 incidents that `npm run test:long` judges. */
import { expect, inject, test } from "vitest";
import { tally } from "./judge.ts";

test("in 250 incidents clear burns are caught, healthy noise pages nobody, and states match the arithmetic", () => {
  const all = tally(inject("prodTemplate"), 0, 250);
  expect([all.clearQuarter.missed, all.pagesAtHealthyNoise, all.wrongMinutes]).toEqual([[], [], []]);
  expect(all.clearQuarter.burns).toBeGreaterThan(20);
  expect(all.healthy).toBeGreaterThan(20);
  expect(all.spoke.size).toBeGreaterThan(8);
});
