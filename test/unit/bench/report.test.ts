import { describe, expect, it } from "vitest";
import { isOver, medianOf } from "../../../bench/harness/measurement.ts";
import { tableOf } from "../../../bench/harness/results.ts";

describe("the benchmarks' report", () => {
  it.each([
    { values: [3], median: 3 },
    { values: [30, 1, 2], median: 2 },
    { values: [10, 9, 1, 2], median: 5.5 },
  ])("has $median as the median of $values", ({ values, median }) => {
    expect(medianOf(values)).toBe(median);
  });

  it("has no median of an empty list", () => {
    expect(() => medianOf([])).toThrow("There is no median of nothing.");
  });

  it.each([
    { value: 96, atMost: 96, over: false },
    { value: 96.1, atMost: 96, over: true },
    { value: 1e9, atMost: undefined, over: false },
  ])("counts $value as over a bound of $atMost: $over", ({ value, atMost, over }) => {
    expect(isOver({ what: "memory", value, unit: "MiB", atMost })).toBe(over);
  });

  it("marks the figures that are over their bounds, and lists the remarks", () => {
    const figures = [
      { what: "small", value: 8, unit: "units", atMost: 8 },
      { what: "larger", value: 1234.5, unit: "MiB", atMost: 96 },
      { what: "free", value: 1, unit: "s" },
    ];
    expect(tableOf({ figures, remarks: ["as measured"] })).toBe(
      [
        "  small         8 units  within 8",
        "  larger  1,234.5 MiB    OVER 96",
        "  free          1 s",
        "  - as measured",
      ].join("\n"),
    );
  });
});
