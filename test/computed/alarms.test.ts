/** The proofs that `npm test` runs in short: 2,000 random burns, five random tapes for each argument, and a year. */
import { beforeAll, describe, expect, test } from "vitest";
import { allArguments } from "../alarms/equivalents.ts";
import { EXPECTED } from "../alarms/expected.ts";
import { emptyTally, tally } from "../alarms/random/judge.ts";
import { judged } from "../alarms/judge-mutants.ts";
import { SEVERITIES } from "../alarms/incidents/severities.ts";
import { yearOf } from "../alarms/incidents/year.ts";
import { pagesInAYear } from "../alarms/random/noise.ts";
import { prodTemplate } from "../alarms/synthesized.ts";
import type { Template } from "../alarms/cloudwatch/template.ts";

const INCIDENTS = 2_000;
const AT_A_TIME = 500;
const RANDOM_TAPES = 5;
/** Jobs an hour. Chance is worst around the minimum numbers of events of the rules. */
const NOISY_TRAFFIC = [3, 20, 50, 100, 200, 1000];

let template: Template;
beforeAll(async () => {
  template = await prodTemplate();
});

describe("two thousand random burns", () => {
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
    expect(all.clearQuarter.burns).toBeGreaterThan(150);
    expect(all.healthy).toBeGreaterThan(400);
    expect(all.quarter.missed.length / all.quarter.burns).toBeLessThan(0.005);
    const shares = EXPECTED.filter(({ arithmetic }) => arithmetic !== undefined).map(({ id }) => id);
    expect(shares.filter((id) => !/^deliveries-failing$/.test(id) && !all.spoke.has(id))).toEqual([]);
  });
});

describe("a year of nothing but chance, with late metrics and a backlog each week", () => {
  test.each([3, 20, 100, 1000, 3_600_000])(
    "at %i jobs an hour wakes nobody, and has at most four tickets",
    (perHour) => {
      const heard = yearOf(perHour, template, SEVERITIES);
      console.log(perHour, heard);
      expect(heard.page).toEqual([]);
      expect(heard.ticket.length).toBeLessThanOrEqual(4);
    },
  );

  test.each([
    ["a tenth of the budget", 0.0005, 0.2],
    ["a fifth of the budget", 0.001, 5],
  ])("with %s failing (%d of all jobs) pages for job completion less than %d times", (_share, share, most) => {
    const years = NOISY_TRAFFIC.map((perHour) => [perHour, pagesInAYear(share, perHour, 5)] as const);
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
