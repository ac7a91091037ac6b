/** Each alarm of prod's template, over five replayed series, against what the design wants of it. */
import { describe, expect, inject, test } from "vitest";
import { SERIES } from "./expectation.ts";
import { EXPECTED } from "./expected.ts";
import { ALL_ASSUMPTIONS, misdirected, PREFIX, proofOf } from "./prove.ts";
import { compileRule } from "./cloudwatch/rule.ts";
import { arnOf, compositeAlarmsOf, metricAlarmsOf } from "./cloudwatch/template.ts";

const template = inject("prodTemplate");
const alarms = [...metricAlarmsOf(template), ...compositeAlarmsOf(template)];

const missing = (): never => {
  throw new Error("There is no such alarm.");
};
const OBJECTIVES = `${PREFIX}slo-burning`;

test("every alarm of the template is expected, and every expected one is there", () => {
  const expected = EXPECTED.flatMap(({ id, conditions }) => [id, ...conditions.map(({ suffix }) => `${id}${suffix}`)]);
  expected.push("slo-burning");
  expect(alarms.map(({ name }) => name).sort()).toEqual([...new Set(expected)].map((id) => PREFIX + id).sort());
});

/** What is told late is there all the same. */
const GUARDS_NO_OBJECTIVE = new Set(["announcements-late"]);

test("slo-burning is in ALARM exactly while one that pages for an objective is, and tells nobody itself", () => {
  const { rule, properties } = compositeAlarmsOf(template).find(({ name }) => name === OBJECTIVES) ?? missing();
  const { holds, alarms: watched } = compileRule(rule);
  const paging = EXPECTED.filter(({ id, severity }) => severity === "page" && !GUARDS_NO_OBJECTIVE.has(id)).map(
    ({ id }) => `${PREFIX}${id}`,
  );
  const named = new Map(alarms.map(({ id, name }) => [arnOf(id), name]));
  expect(watched.map((arn) => named.get(arn) ?? arn).sort()).toEqual(paging.sort());
  for (const burning of watched) expect(holds((arn) => (arn === burning ? "ALARM" : "INSUFFICIENT_DATA"))).toBe(true);
  expect(holds(() => "INSUFFICIENT_DATA")).toBe(false);
  expect([...properties.AlarmActions, ...properties.OKActions, ...properties.InsufficientDataActions]).toEqual([]);
});

describe.each(EXPECTED)("$id", (expected) => {
  const proof = proofOf(expected, template, ALL_ASSUMPTIONS);
  const { severity, alarms: wanted } = expected;

  test("does at every minute of its series what the design's numbers say", () => {
    expect(proof.difference(template)).toBeUndefined();
  });

  test.each(SERIES)("%s", (series) => {
    const { fired, last } = proof.alarms(series);
    expect(fired).toBe(wanted[series]);
    expect(series !== "recovery" || last === (expected.watchedUntil ? "ALARM" : "OK")).toBe(true);
  });

  test(`tells the ${severity} topic of it, and that it is over; its halves tell nobody`, () => {
    expect(misdirected(expected, template)).toBeUndefined();
  });
});
