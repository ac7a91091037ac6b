/** The proofs that `npm test` runs in short: here with 10,000 incidents, and 20 random tapes for each argument. */
import { beforeAll, describe, expect, test } from "vitest";
import { allArguments } from "../alarms/equivalents.ts";
import { EXPECTED } from "../alarms/expected.ts";
import { emptyTally, tally } from "../alarms/judge-incidents.ts";
import { judged } from "../alarms/judge-mutants.ts";
import { pagesInAYear } from "../alarms/noise.ts";
import { prodTemplate } from "../alarms/synthesized.ts";
import type { Template } from "../alarms/cloudwatch/template.ts";

const INCIDENTS = 10_000;
const AT_A_TIME = 500;
const RANDOM_TAPES = 20;
/** Jobs an hour. Chance is worst around the minimum numbers of events of the rules. */
const NOISY_TRAFFIC = [1, 10, 20, 50, 60, 100, 130, 200, 1000, 10_000, 360_000];

let template: Template;
beforeAll(async () => {
  template = await prodTemplate();
});

describe("ten thousand incidents", () => {
  const all = emptyTally();
  const starts = Array.from({ length: INCIDENTS / AT_A_TIME }, (_, index) => index * AT_A_TIME);

  test.each(starts)(
    "from seed %i on: clear burns are caught, healthy noise pages nobody, and states match the arithmetic",
    (start) => {
      tally(template, start, start + AT_A_TIME, all);
      expect([all.clearQuarter.missed, all.pagesAtHealthyNoise, all.wrongMinutes]).toEqual([[], [], []]);
    },
  );

  test("include burns and healthy noise, and every alarm on a share goes to ALARM in some of them", () => {
    console.log(all);
    expect(all.incidents).toBe(INCIDENTS);
    expect(all.clearQuarter.burns).toBeGreaterThan(1000);
    expect(all.healthy).toBeGreaterThan(2000);
    expect(all.quarter.missed.length / all.quarter.burns).toBeLessThan(0.005);
    const shares = EXPECTED.filter(({ arithmetic }) => arithmetic !== undefined).map(({ id }) => id);
    expect(shares.filter((id) => !/^(long-)?worker-failing$/.test(id) && !all.spoke.has(id))).toEqual([]);
  });
});

describe("a year of nothing but chance failures, at the worst traffic", () => {
  test.each([
    ["a tenth of the budget", 0.0005, 3],
    ["a fifth of the budget", 0.001, 15],
  ])("with %s failing (%d of all jobs) pages less than %i times", (_share, share, most) => {
    const years = NOISY_TRAFFIC.map((perHour) => [perHour, pagesInAYear(share, perHour, 10)] as const);
    console.log(share, Object.fromEntries(years));
    expect(Math.max(...years.map(([, pages]) => pages))).toBeLessThan(most);
  });
});

describe("mutants", () => {
  const noticed: number[] = [];
  const equivalent: number[] = [];
  test.each(EXPECTED)("of $id are noticed, or argued to make no difference and not refuted", (expected) => {
    const judgement = judged(expected, template, RANDOM_TAPES);
    expect([judgement.missed, judgement.refuted]).toEqual([[], []]);
    noticed.push(judgement.noticed);
    equivalent.push(...Object.values(judgement.equivalent));
  });

  test("are noticed more than ten times as often as they are argued to make no difference", () => {
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    console.log({ noticed: sum(noticed), equivalent: sum(equivalent), arguments: new Set(allArguments).size });
    expect(sum(noticed)).toBeGreaterThan(10 * sum(equivalent));
  });
});
