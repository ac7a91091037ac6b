import { describe, expect, it, onTestFailed } from "vitest";
import { checkEvent } from "../../event-check.ts";
import { runSchedule } from "./random.ts";
import { drawSchedule } from "./schedule.ts";
import { describeFailure, noFigures, search, shrink } from "./search.ts";

const SCHEDULES = 1500;
const REPLAYED = 200;
/** The search took 83 s beside twenty busy processes. */
const LONGEST_MS = 240_000;

const runChecked: typeof runSchedule = async (schedule, options) =>
  runSchedule(schedule, { ...options, onTelemetry: checkEvent });

const seedsFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, place) => first + place);

describe("random schedules", () => {
  // Always the same: a failure here is the fault of the change. Fresh seeds are what `npm run simulate` searches.
  const first = 1;

  it(`keep every invariant: ${SCHEDULES} seeds from ${first} on`, { timeout: LONGEST_MS }, async () => {
    console.info(`${SCHEDULES} schedules from seed ${first} on`);
    const figures = noFigures();
    const failed = await search(seedsFrom(first, SCHEDULES), figures, { onTelemetry: checkEvent });
    expect(failed === undefined ? "nothing" : describeFailure(failed, await shrink(failed, runChecked))).toBe(
      "nothing",
    );
    expect(figures).toMatchObject({ schedules: SCHEDULES });
    expect(figures.faults, "faults that struck").toBeGreaterThan(2 * SCHEDULES);
    expect(figures.crashes, "processes that died").toBeGreaterThan(SCHEDULES / 4);
    expect(figures.reopenings, "failed jobs that were reopened").toBeGreaterThan(SCHEDULES / 4);
  });

  it(`give the same outcome and trace each time: ${REPLAYED} seeds, twice each`, async () => {
    onTestFailed(() => console.error(`seeds from ${first} on`));
    for (const seed of seedsFrom(first, REPLAYED)) {
      const [once, again] = [await runSchedule(drawSchedule(seed)), await runSchedule(drawSchedule(seed))];
      expect(again, `seed ${seed}`).toEqual(once);
    }
  });

  it("differ in their traces, and do not affect each other when they run concurrently", async () => {
    const seeds = seedsFrom(first, REPLAYED);
    const together = await Promise.all(seeds.map(async (seed) => runSchedule(drawSchedule(seed))));
    expect(new Set(together.map(({ traceHash }) => traceHash)).size).toBeGreaterThan(REPLAYED - 3);
    const alone = await runSchedule(drawSchedule(first));
    expect(together[0]).toEqual(alone);
  });
});
