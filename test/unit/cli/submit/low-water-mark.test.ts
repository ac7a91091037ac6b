import { expect, it } from "vitest";
import { LowWaterMark } from "../../../../cli/submit/low-water-mark.ts";

it("the mark passes what has ended without a gap, in whatever order", () => {
  const water = new LowWaterMark(3);
  const marks = [5, 4, 3, 7, 8, 6, 9].map((number) => {
    water.ended(number);
    return water.mark;
  });
  expect(marks).toEqual([3, 3, 6, 6, 6, 9, 10]);
});
