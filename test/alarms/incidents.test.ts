/** A few of the ten thousand incidents that `npm run test:long` has. */
import { expect, inject, test } from "vitest";
import { tally } from "./judge-incidents.ts";

test("incidents: burns are caught, healthy noise pages nobody, and every minute is as the arithmetic says", () => {
  const all = tally(inject("prodTemplate"), 0, 250);
  expect([all.clearQuarter.missed, all.pagesAtHealthyNoise, all.wrongMinutes]).toEqual([[], [], []]);
  expect(all.clearQuarter.burns).toBeGreaterThan(20);
  expect(all.healthy).toBeGreaterThan(20);
  expect(all.spoke.size).toBeGreaterThan(8);
});
