/** Each alarm of prod's template, replayed over five series, against what `expected.ts` says of it. */
import { describe, expect, inject, test } from "vitest";
import { Dice } from "../simulation/services/time.ts";
import { SERIES } from "./expectation.ts";
import { EXPECTED } from "./expected.ts";
import { ALL_ASSUMPTIONS, misdirected, PREFIX, proofOf } from "./prove.ts";
import { compileRule } from "./cloudwatch/rule.ts";
import { arnOf, compositeAlarmsOf, metricAlarmsOf } from "./cloudwatch/template.ts";

const template = inject("prodTemplate");
const alarms = [...metricAlarmsOf(template), ...compositeAlarmsOf(template)];

const missing = (): never => {
  throw new Error("The template has no such alarm.");
};
const OBJECTIVES = `${PREFIX}slo-burning`;

test("every alarm of the template is expected, and every expected alarm is in the template", () => {
  const expected = EXPECTED.flatMap(({ id, conditions }) => [id, ...conditions.map(({ suffix }) => `${id}${suffix}`)]);
  // The last two, by which CodeDeploy judges new code, are proven in canary.test.ts.
  expected.push("slo-burning", "new-code-fails", "new-long-code-fails");
  expect(alarms.map(({ name }) => name).sort()).toEqual([...new Set(expected)].map((id) => PREFIX + id).sort());
});

/** These page, but guard no objective: a file is stored even if it is announced late. */
const GUARDS_NO_OBJECTIVE = new Set(["announcements-late", "announcer-not-started"]);

test("slo-burning is in ALARM exactly while an alarm that pages for an objective is, and notifies nobody", () => {
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

describe.each(EXPECTED)("the alarm $id", (expected) => {
  const proof = proofOf(expected, template, ALL_ASSUMPTIONS);
  const { severity, alarms: wanted } = expected;

  test("is in the expected state at every minute of its series", () => {
    expect(proof.difference(template)).toBeUndefined();
  });

  test.each(SERIES)("goes to ALARM as often as expected in the series: %s", (series) => {
    const { fired, last } = proof.alarms(series);
    expect(fired).toBe(wanted[series]);
    expect(series !== "recovery" || last === (expected.watchedUntil ? "ALARM" : "OK")).toBe(true);
  });

  test(`notifies the ${severity} topic when it fires and when it clears; its halves notify nobody`, () => {
    expect(misdirected(expected, template)).toBeUndefined();
  });
});

describe("the alarm records-unreadable", () => {
  const HOURS = 12;
  const expected = EXPECTED.find(({ id }) => id === "records-unreadable");

  test.each([1, 2, 3, 4, 5])("goes to ALARM once for one record that stays, met every 5 to 7 minutes (%i)", (seed) => {
    const dice = new Dice(seed);
    const looks = [0];
    while ((looks.at(-1) ?? 0) < HOURS * 60) looks.push((looks.at(-1) ?? 0) + dice.between(5, 7));
    const runs = Array.from({ length: (looks.at(-1) ?? 0) + 60 }, (_, minute) => ({
      minute,
      what: "records unreadable" as const,
      value: looks.includes(minute) ? 1 : 0,
    }));
    const found = expected ?? missing();
    const proof = proofOf({ ...found, tapes: { ...found.tapes, fires: runs } }, template, ALL_ASSUMPTIONS);
    expect(proof.difference(template)).toBeUndefined();
    expect(proof.alarms("fires")).toEqual({ fired: 1, last: "OK" });
  });
});
