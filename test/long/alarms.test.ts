/** What `npm test` does with a few, with ten thousand incidents, and with more random tapes against what is argued. */
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
/** Jobs an hour; around the least events of the rules chance is worst. */
const NOISY_TRAFFIC = [1, 10, 20, 50, 60, 100, 130, 200, 1000, 10_000, 360_000];

let template: Template;
beforeAll(async () => {
  template = await prodTemplate();
});

describe("ten thousand incidents", () => {
  const all = emptyTally();
  const starts = Array.from({ length: INCIDENTS / AT_A_TIME }, (_, index) => index * AT_A_TIME);

  test.each(starts)("from seed %i", (start) => {
    tally(template, start, start + AT_A_TIME, all);
    expect([all.clearQuarter.missed, all.pagesAtHealthyNoise, all.wrongMinutes]).toEqual([[], [], []]);
  });

  test("there were burns, healthy noise, and every alarm on a share spoke", () => {
    console.log(all);
    expect(all.incidents).toBe(INCIDENTS);
    expect(all.clearQuarter.burns).toBeGreaterThan(1000);
    expect(all.healthy).toBeGreaterThan(2000);
    expect(all.quarter.missed.length / all.quarter.burns).toBeLessThan(0.005);
    const shares = EXPECTED.filter(({ arithmetic }) => arithmetic !== undefined).map(({ id }) => id);
    expect(shares.filter((id) => id !== "worker-failing" && !all.spoke.has(id))).toEqual([]);
  });
});

describe("pages in a year of nothing but noise, at the worst traffic", () => {
  test.each([
    ["a tenth of the budget", 0.0005, 3],
    ["a fifth of it", 0.001, 15],
  ])("%s", (_share, share, most) => {
    const years = NOISY_TRAFFIC.map((perHour) => [perHour, pagesInAYear(share, perHour, 10)] as const);
    console.log(share, Object.fromEntries(years));
    expect(Math.max(...years.map(([, pages]) => pages))).toBeLessThan(most);
  });
});

describe("mutants", () => {
  const noticed: number[] = [];
  const equivalent: number[] = [];
  test.each(EXPECTED)("$id", (expected) => {
    const judgement = judged(expected, template, RANDOM_TAPES);
    expect([judgement.missed, judgement.refuted]).toEqual([[], []]);
    noticed.push(judgement.noticed);
    equivalent.push(...Object.values(judgement.equivalent));
  });

  test("in numbers", () => {
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    console.log({ noticed: sum(noticed), equivalent: sum(equivalent), arguments: new Set(allArguments).size });
    expect(sum(noticed)).toBeGreaterThan(10 * sum(equivalent));
  });
});
