import { randomInt } from "node:crypto";
import { expect, it, onTestFailed } from "vitest";
import { contentKey, hashItemKey } from "../../core/model/keys.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { mayFollow } from "../../core/model/states.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { KIB, MIB, startRun, startSurroundings, until, type Run } from "../e2e/support.ts";

const WORKERS = 8;
const FILES = 200;
const KILL_EVERY_MS = 1000;
const LEAST_KILLS = 10;
const MOST_RECONCILER_ROUNDS = 6;

/** A few long files, the slowest of which takes longer than ten kills, and some that share their content. */
function fileNumber(index: number): OriginFile {
  const name = `file-${String(index).padStart(3, "0")}`;
  if (index === 0) return { name, size: 24 * MIB, rate: 2 * MIB };
  if (index < 5) return { name, size: 17 * MIB + index, rate: 4 * MIB };
  if (index < 11) return { name, size: 1536 * KIB + index, rate: MIB };
  if (index < 21) return { name, size: 90 * KIB, content: `shared-${index % 5}`, delayMs: 200 };
  return { name, size: index * 611, delayMs: 200 };
}

/** mulberry32: the same seed gives the same choices. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function startKilling(run: Run, random: () => number): { stop(): number } {
  let kills = 0;
  const timer = setInterval(() => {
    const pids = run.pipeline.workers.pids();
    const victim = pids[Math.floor(random() * pids.length)];
    if (victim === undefined) return;
    run.pipeline.workers.kill(victim);
    kills += 1;
  }, KILL_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return kills;
    },
  };
}

it("kill -9 of a random worker every second loses nothing and repeats nothing (200 files, 8 workers)", async () => {
  const seed = Number(process.env["KILL_SEED"] ?? randomInt(2 ** 31));
  onTestFailed(() => console.error(`The victims were chosen with KILL_SEED=${seed}`));
  const files = Array.from({ length: FILES }, (_, index) => fileNumber(index));
  const sha256s = new Map(files.map((file) => [file.name, originSha256(file)]));
  const distinct = [...new Set(sha256s.values())].toSorted();

  const surroundings = await startSurroundings();
  const run = await startRun({
    ...surroundings,
    workers: WORKERS,
    workerEnv: { LEASE_TTL_MS: "3000", MAX_ATTEMPTS: "50" },
  });
  const jobIds = files.map((file) => run.idOf(file));
  const startedMs = Date.now();
  const fences = new Map<string, number>();
  const setBack: string[] = [];
  const watchFences = (records: ReadonlyMap<string, JobRecord>): void => {
    for (const { jobId, fence } of records.values()) {
      if (fence < (fences.get(jobId) ?? 0)) setBack.push(jobId);
      fences.set(jobId, fence);
    }
  };

  const killing = startKilling(run, seededRandom(seed));
  let records: ReadonlyMap<string, JobRecord>;
  let kills: number;
  try {
    await run.submit(files);
    records = await run.untilTerminal(jobIds, watchFences);
  } finally {
    kills = killing.stop();
  }
  const attempts = [...records.values()].reduce((sum, record) => sum + record.attempts, 0);
  const resumed = [...records.values()].reduce((sum, { resumedBytes }) => sum + resumedBytes, 0);
  console.info(
    `kill storm: ${FILES} files, ${kills} kills, ${attempts} attempts, ${Math.round(resumed / MIB)} MiB resumed, ` +
      `${((Date.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS);

  await stagingIsEmptyWithinRounds(run);
  for (const file of files) {
    const record = records.get(run.idOf(file));
    expect.soft(record?.state, file.name).toMatch(/^(INDEXED|DEDUPED)$/);
    expect.soft(record?.transfer?.sha256, file.name).toBe(sha256s.get(file.name));
    expect.soft(await run.contentDigest(file), file.name).toBe(sha256s.get(file.name));
  }
  expect(run.contentWrites().toSorted()).toEqual(distinct.map(contentKey));
  expect(run.contentOnDisk()).toEqual(distinct);
  expect(await run.itemKeys("HASH#")).toEqual(distinct.map(hashItemKey));
  const indexed = [...records.values()].filter(({ state }) => state === "INDEXED");
  expect(indexed).toHaveLength(distinct.length);
  expect(await run.itemKeys("JOB#")).toHaveLength(FILES);
  expect(setBack).toEqual([]);
  expect(await run.pipeline.deadLetters()).toEqual([]);
  expectConsistentEvents(run, records);
});

async function stagingIsEmptyWithinRounds(run: Run): Promise<void> {
  const rounds = (): number => run.seen.events.filter(({ event }) => event === "crash_recovery_event").length;
  const roundsBefore = rounds();
  await until("staging is empty", async () => {
    const left = await run.staging();
    if (left.length > 0 && rounds() - roundsBefore > MOST_RECONCILER_ROUNDS) {
      throw new Error(`Left after ${MOST_RECONCILER_ROUNDS} rounds of the reconciler: ${JSON.stringify(left)}`);
    }
    return left.length === 0 ? undefined : `${left.length} left`;
  });
}

function expectConsistentEvents(run: Run, records: ReadonlyMap<string, JobRecord>): void {
  const endsSeen = new Map<string, string>();
  for (const event of run.seen.events) {
    if (!("job_id" in event)) continue;
    expect(records.has(event.job_id), `an event of unknown job ${event.job_id}`).toBe(true);
    if (event.event !== "job_state_changed") continue;
    const { job_id, from_state, to_state } = event;
    expect(mayFollow(from_state, to_state), `${from_state} -> ${to_state}`).toBe(true);
    if (to_state !== "INDEXED" && to_state !== "DEDUPED" && to_state !== "FAILED") continue;
    expect(endsSeen.get(job_id), `job ${job_id} ended before`).toBeUndefined();
    expect(to_state).toBe(records.get(job_id)?.state);
    endsSeen.set(job_id, to_state);
  }
  // A kill loses at most the last 50 ms of a worker's events.
  expect(endsSeen.size).toBeGreaterThan(records.size * 0.9);
}
