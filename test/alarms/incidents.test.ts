/** A few of the ten thousand incidents that `npm run test:long` has. */
import { expect, inject, test } from "vitest";
import { tally } from "./judge-incidents.ts";

test("incidents: burns are caught, healthy noise pages nobody, and every minute is as the arithmetic says", () => {
  const { burns, healthy, missed, pagesAtHealthyNoise, wrongMinutes, spoke } = tally(inject("prodTemplate"), 0, 250);
  expect([missed, pagesAtHealthyNoise, wrongMinutes]).toEqual([[], [], []]);
  expect(burns).toBeGreaterThan(20);
  expect(healthy).toBeGreaterThan(20);
  expect(spoke.size).toBeGreaterThan(8);
});
