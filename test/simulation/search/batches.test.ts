import { expect, it } from "vitest";
import { encodeParquet } from "../../../adapters/parquet/encode-parquet.ts";
import { type BatchEnded, batchEnded } from "../../../core/batches/batch-ended.ts";
import { type BatchLine, jsonLinesOf, writeDescription, writeLines } from "../../../core/batches/batch-lines.ts";
import { batchItemKey, createBatch } from "../../../core/batches/batch-record.ts";
import { followBatches, type FollowerDeps } from "../../../core/batches/follow-batches.ts";
import { jobIdOf, jobItemKey } from "../../../core/model/keys.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import { memoryFiles } from "../../unit/core/batches/support.ts";
import { simulatedClock, world } from "../world.ts";
import type { Simulation } from "../simulation.ts";
import { Dice } from "../services/time.ts";
import { runSchedule } from "./random.ts";
import { drawSchedule } from "./schedule.ts";

const SCHEDULES = 150;
const LINES_A_FILE = 2;
const MOST_RUNS = 200;
const KEY = batchItemKey("b");

/** What a consumer of the announcements has heard last of each job. */
function heardIn({ announcing }: Simulation): ReadonlyMap<string, string> {
  const heard = new Map<string, string>();
  const told = [...announcing.bus.announced.values()];
  for (const { id, state } of told) if (state === "FAILED") heard.set(id, state);
  for (const { id, state } of told) if (state !== "FAILED") heard.set(id, state);
  return heard;
}

/** A batch of these lines in the simulated table. The follower dies before or after one call in ten. */
async function followed(
  simulation: Simulation,
  lines: readonly BatchLine[],
  dice: Dice,
): Promise<readonly BatchEnded[]> {
  const files = memoryFiles();
  const pages = Math.ceil(lines.length / LINES_A_FILE);
  for (let page = 0; page < pages; page++)
    await writeLines(files, "b", page, jsonLinesOf(lines.slice(page * LINES_A_FILE, (page + 1) * LINES_A_FILE)));
  await writeDescription(files, "b", "list", {});
  const clock = simulatedClock();
  const { items } = simulation;
  await items.write(createBatch({ id: "b", name: "list", lines: lines.length, files: pages }, clock.nowMs()));
  const told: BatchEnded[] = [];
  const struck = <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) => {
    return async (...args: Args): Promise<Answer> => {
      const fault = dice.between(1, 20);
      if (fault === 1) throw new Error("it died before");
      const answer = await call(...args);
      if (fault === 2) throw new Error("it died after");
      return answer;
    };
  };
  const { random, telemetry } = world().deps;
  const deps: FollowerDeps = {
    clock,
    random,
    telemetry,
    encodeParquet,
    bucket: "archive",
    files: {
      read: struck(async (key: string) => files.read(key)),
      write: struck(async (...args: Parameters<typeof files.write>) => files.write(...args)),
    },
    items: {
      read: struck(async (key: string) => items.read(key)),
      readMany: struck(async (keys: readonly string[]) => items.readMany(keys)),
      // The simulation's time stands still by now, and its index lags behind it.
      watched: struck(async () => Promise.resolve([{ key: KEY, watchAtMs: clock.nowMs() }])),
      write: struck(async (...args: Parameters<typeof items.write>) => items.write(...args)),
    },
    bus: {
      publish: struck(async (events) => {
        for (const { detail } of events) told.push(batchEnded.parse(JSON.parse(detail)));
        return Promise.resolve({ taken: events.length });
      }),
    },
  };
  for (let run = 0; run < MOST_RUNS && items.all.get(KEY)?.["watch_at"] !== undefined; run++) {
    await followBatches(deps).catch(() => undefined);
    await clock.advance(60_000);
  }
  return told;
}

it(`a batch's counts are what its jobs' announcements have said, in ${SCHEDULES} random schedules with crashes`, async () => {
  let batches = 0;
  let twice = 0;
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const schedule = drawSchedule(seed);
    const ends: Simulation[] = [];
    await runSchedule(schedule, { onEnd: (simulation) => ends.push(simulation) });
    const [simulation] = ends;
    const messages = schedule.shape.messages.filter((each): each is JobMessage => typeof each !== "string");
    if (!simulation) throw new Error("the schedule has no end");
    const heard = heardIn(simulation);
    // Nobody has heard of a job that ran without a record, and a record that has expired is not seen.
    const lines = messages
      .map(({ artifact_id, url, work_id, ...more }): BatchLine => {
        return { job_id: jobIdOf({ work_id, artifact_id, url, ...more }), work_id, artifact_id, url };
      })
      .filter(({ job_id }) => heard.has(job_id) && simulation.items.all.has(jobItemKey(job_id)));
    if (lines.length === 0) continue;
    const count = (state: string): number => lines.filter(({ job_id }) => heard.get(job_id) === state).length;
    const truth = {
      lines: lines.length,
      indexed: count("INDEXED"),
      deduped: count("DEDUPED"),
      failed: count("FAILED"),
    };
    const told = await followed(simulation, lines, new Dice(seed));
    expect({ seed, told: told.length > 0 }).toEqual({ seed, told: true });
    for (const each of told) expect({ seed, ...each }).toMatchObject({ seed, ...truth, id: "b-1" });
    expect(truth.indexed + truth.deduped + truth.failed).toBe(lines.length);
    batches += 1;
    if (told.length > 1) twice += 1;
  }
  expect(batches).toBeGreaterThan(SCHEDULES / 2);
  expect(twice).toBeGreaterThan(0);
});
