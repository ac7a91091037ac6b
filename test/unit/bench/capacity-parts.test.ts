/** Checks the parts of the capacity model: virtual time, random numbers, and limits on rates. */
import { describe, expect, it } from "vitest";
import { Calendar } from "../../../bench/capacity/calendar.ts";
import { Random } from "../../../bench/capacity/random.ts";
import { fixedRate, RateLimit } from "../../../bench/capacity/rate-limit.ts";

const MINUTE_MS = 60_000;

describe("the calendar", () => {
  it("lets events happen by time, and those of one millisecond in the order in which they were planned", () => {
    const calendar = new Calendar();
    const random = new Random(3);
    const happened: string[] = [];
    for (let index = 0; index < 500; index++) {
      const atMs = Math.floor(random.uniform() * 100);
      calendar.plan(atMs, () =>
        happened.push(`${String(calendar.nowMs).padStart(3, "0")} ${String(index).padStart(3, "0")}`),
      );
    }
    while (calendar.nextMs < Infinity) calendar.advance();
    expect(happened).toHaveLength(500);
    expect(happened).toEqual(happened.toSorted());
  });

  it("lets an event plan another one for the same millisecond", () => {
    const calendar = new Calendar();
    const happened: number[] = [];
    calendar.plan(5, () => calendar.plan(0, () => happened.push(calendar.nowMs)));
    calendar.advance();
    expect(happened).toEqual([5]);
    expect(calendar.nextMs).toBe(Infinity);
  });
});

describe("the random numbers", () => {
  const mean = (draw: () => number): number => Array.from({ length: 20_000 }, draw).reduce((a, b) => a + b) / 20_000;

  it("are the same for the same seed, and others for another", () => {
    const drawn = (seed: number): readonly number[] => {
      const random = new Random(seed);
      return Array.from({ length: 5 }, () => random.uniform());
    };
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
  });

  it.each([0.5, 7, 100])("come to a mean of %s arrivals", (expected) => {
    const random = new Random(1);
    expect(mean(() => random.poisson(expected)) / expected).toBeCloseTo(1, 1);
  });

  it("come to one success in a hundred tries, and to all or none at the ends", () => {
    const random = new Random(1);
    expect(mean(() => random.binomial(10, 0.01))).toBeCloseTo(0.1, 2);
    expect(mean(() => random.binomial(10, 0))).toBe(0);
    expect(mean(() => random.binomial(10, 1))).toBe(10);
  });
});

describe("a limit on a rate", () => {
  /** Takes a unit whenever it may. @returns units a second in each minute. */
  function takenBy(limit: RateLimit, minutes: number): readonly number[] {
    const taken = Array.from({ length: minutes }, () => 0);
    for (let nowMs = 0; nowMs < minutes * MINUTE_MS; nowMs += Math.ceil(limit.waitMs(nowMs)))
      while (limit.waitMs(nowMs) === 0) {
        limit.take(nowMs, 1);
        const minute = Math.floor(nowMs / MINUTE_MS);
        taken[minute] = (taken[minute] ?? 0) + 1 / 60;
      }
    return taken;
  }

  it("lets through what it says, and a second's worth at the start", () => {
    expect(takenBy(new RateLimit(fixedRate(10)), 3).map(Math.round)).toEqual([10, 10, 10]);
  });

  it("doubles while it is used up, and ends at its most", () => {
    const limit = new RateLimit({ startsAt: 10, most: 30, growsEveryMs: 2 * MINUTE_MS });
    expect(takenBy(limit, 8).map(Math.round)).toEqual([10, 10, 20, 20, 30, 30, 30, 30]);
  });

  it("does not grow if less than half of it is used", () => {
    const limit = new RateLimit({ startsAt: 10, most: 1000, growsEveryMs: 2 * MINUTE_MS });
    for (let nowMs = 0; nowMs < 2 * MINUTE_MS; nowMs += 1000) {
      limit.waitMs(nowMs);
      limit.take(nowMs, 4);
    }
    limit.waitMs(2 * MINUTE_MS);
    limit.take(2 * MINUTE_MS, 15);
    expect(limit.waitMs(2 * MINUTE_MS)).toBeCloseTo(600, 6);
  });
});
