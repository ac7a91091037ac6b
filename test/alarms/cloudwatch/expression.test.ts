/** Metric math and alarm rules, with the examples of CloudWatch's manual where it has any. */
import { describe, expect, test } from "vitest";
import { compileExpression, type Point, type Scope, type Series } from "./expression.ts";
import { compileRule } from "./rule.ts";
import type { AlarmState } from "./state.ts";

/** `undefined` is a missing point; the newest is the last. */
function valuesOf(
  text: string,
  series: Readonly<Record<string, readonly Point[]>>,
  fillsEmptyMetrics = true,
): readonly Point[] {
  const entries = Object.entries(series).map(([id, points]): [string, Series] => [
    id,
    { kind: "series", at: (end) => points[end], isEmpty: () => points.every((point) => point === undefined) },
  ]);
  const scope: Scope = {
    fillsEmptyMetrics,
    insights: (rule) => scope.series(rule),
    metrics: () => entries.map(([, one]) => one),
    series: (id) => {
      const found = entries.find(([name]) => name === id);
      if (found === undefined) throw new Error(`no ${id}`);
      return found[1];
    },
  };
  const { at } = compileExpression(text, scope);
  const length = Math.max(...Object.values(series).map((points) => points.length));
  return Array.from({ length }, (_, end) => at(end, length - 1));
}

describe("metric math", () => {
  const _ = undefined;
  const manual = { metric1: [30, 20, 0, 0], metric2: [20, _, 20, _] };
  const ifs = { metric1: [1, 1, 0, 0, _], metric2: [30, _, 0, 0, 30], metric3: [0, 0, 20, _, 20] };
  const m = { a: [1, 2, _, _], b: [10, _, 30, _] };
  test.each<[text: string, series: Readonly<Record<string, readonly Point[]>>, expected: readonly Point[]]>([
    // The manual's examples.
    ["metric1 < metric2", manual, [0, 0, 1, 0]],
    ["metric1 >= 30", manual, [1, 0, 0, 0]],
    ["metric1 > 15 AND metric2 > 15", manual, [1, 0, 0, 0]],
    ["IF(metric1, metric2, metric3)", ifs, [30, 0, 20, _, _]],
    ["IF(metric1, 5, metric3)", ifs, [5, 5, 20, _, _]],
    ["IF(metric1, metric2, 5)", ifs, [30, 0, 5, 5, _]],
    // If one of two points is missing, it counts as 0. A division by zero has no point.
    ["a + b", m, [11, 2, 30, _]],
    ["a / b", m, [0.1, _, 0, _]],
    ["b - a * 2", m, [8, -4, 30, _]],
    ["(b - a) * 2", m, [18, -4, 60, _]],
    ["-a + 2 ^ 3", m, [7, 6, _, _]],
    ["10 / a", m, [10, 5, _, _]],
    ["a == 1 || b == 30", m, [1, 0, 1, _]],
    ["a != 1 && a <= 2", m, [0, 1, _, _]],
    ["a == 1 OR a == 2 AND a == 3", m, [1, 0, _, _]],
    ["IF(a > 1, a)", m, [_, 2, _, _]],
    ["SUM([a, b])", m, [11, 2, 30, _]],
    ["SUM(METRICS())", m, [11, 2, 30, _]],
    ["MAX([a, b])", m, [10, 2, 30, _]],
    ["MIN([a, b])", m, [1, 2, 30, _]],
    ["AVG([a, b])", m, [5.5, 1, 15, _]],
    ['INSIGHT_RULE_METRIC("a", "MaxContributorValue") + b', m, [11, 2, 30, _]],
    ["FILL(b, 0)", m, [10, 0, 30, 0]],
    ["SUM(FILL(METRICS(), 1))", m, [11, 3, 31, 2]],
    ["IF(FILL(a, 0) >= 1 AND b >= 1, a / b, 0)", m, [0.1, 0, 0, 0]],
  ])("computes %s", (text, series, expected) => expect(valuesOf(text, series)).toEqual(expected));

  test.each([
    ["a metric without any point is filled", true, [0, 0]],
    ["a metric without any point stays empty", false, [_, _]],
  ])("computes FILL under the assumption that %s", (_name, fills, expected) => {
    expect(valuesOf("FILL(a, 0)", { a: [_, _] }, fills)).toEqual(expected);
    expect(valuesOf("FILL(a, 0)", { a: [_, 1] }, fills)).toEqual([0, 1]);
  });

  test.each<[text: string, why: RegExp]>([
    ["a +", /unexpected the end/],
    ["a b", /unexpected b/],
    ["(a", /instead of \)/],
    ["a & b", /cannot read/],
    ["'a'", /cannot read/],
    ["1 + 1", /one time series/],
    ["[a, b]", /one time series/],
    ["SUM(a)", /SUM of series is not supported/],
    ["MAX(a)", /MAX of series is not supported/],
    ["FILL(a, REPEAT)", /no REPEAT/],
    ["FILL(a, b)", /FILL of series, series is not supported/],
    ["FILL(a)", /FILL of series is not supported/],
    ["RATE(a)", /RATE of series is not supported/],
    ["IF(1, a, b)", /a time series is needed/],
    ["IF([a], 1, 0)", /a time series is needed/],
    ["IF(a, [a], 0)", /IF of arrays/],
    ["[a, b] + 1", /arithmetic with arrays/],
    ["unknown", /no unknown/],
    ["1 / 0 + a", /by zero/],
  ])("%s is refused", (text, why) => expect(() => valuesOf(text, { a: [1], b: [2] })).toThrow(why));
});

describe("rules of composite alarms", () => {
  const states: Readonly<Record<string, AlarmState>> = { a: "ALARM", o: "OK", i: "INSUFFICIENT_DATA" };
  test.each<[rule: string, holds: boolean]>([
    ['ALARM("a")', true],
    ["ALARM(a)", true],
    ['ALARM("i")', false],
    ['ALARM("a") AND ALARM("o")', false],
    ['ALARM("o") OR ALARM("a")', true],
    ['ALARM("a") OR ALARM("a") AND ALARM("o")', true],
    ['(ALARM("a") OR ALARM("a")) AND ALARM("o")', false],
    ['NOT ALARM("o") AND OK("o")', true],
    ['NOT (ALARM("o") OR INSUFFICIENT_DATA("i"))', false],
    ["TRUE AND NOT FALSE", true],
  ])("%s holds: %s", (rule, expected) =>
    expect(compileRule(rule).holds((alarm) => states[alarm] ?? "OK")).toBe(expected),
  );

  test.each<[rule: string, why: RegExp]>([
    ["", /unexpected the end/],
    ['ALARM("a"', /instead of \)/],
    ['ALARM("a") OR', /unexpected the end/],
    ['BROKEN("a")', /unexpected BROKEN/],
    ['ALARM("a") ALARM("o")', /unexpected ALARM/],
    ['AT_LEAST(1, ALARM, ("a"))', /unexpected AT_LEAST/],
  ])("the rule '%s' is refused", (rule, why) => expect(() => compileRule(rule)).toThrow(why));
});
