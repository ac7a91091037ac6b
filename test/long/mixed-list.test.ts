/** Files of every kind in one list, a worker killed in the middle of one, and then every message once more. */
import { expect, it } from "vitest";
import { BIG_FILE, DEMO_FILES, MISSING_FILE } from "../../cli/demo/demo-files.ts";
import { contentKey, jobIdOfStagingKey } from "../../core/model/keys.ts";
import { MetricSums, sloReport } from "../../dashboards/catalogue/report.ts";
import { SLOS } from "../../dashboards/catalogue/slos.ts";
import { originSha256 } from "../../local/origin/content.ts";
import { MIB, PART_BYTES, startRun, startSurroundings, until, type Run } from "../e2e/support.ts";

const STORED = DEMO_FILES.filter((file) => file !== MISSING_FILE);

/** Most bytes that the origin may write into a connection before it notices that the worker is gone. */
const WRITTEN_TO_NOBODY_BYTES = 4 * MIB;

it("files of every kind, a killed worker and a second delivery: nothing is lost and nothing is done twice", async () => {
  const surroundings = await startSurroundings();
  const { origin } = surroundings;
  const sentOfBig = (): number => origin.requestsOf(BIG_FILE).reduce((sum, { bytes }) => sum + bytes, 0);
  const metrics = new MetricSums();
  let stagedBytes = 0;
  let killed: { readonly pid: number; readonly inFlightBytes: number } | undefined;
  const run: Run = await startRun({
    ...surroundings,
    workers: 4,
    workerEnv: { LONG_FROM_BYTES: String(BIG_FILE.size) },
    onStagedBytes: ({ key, bytes }) => {
      if (jobIdOfStagingKey(key) !== run.idOf(BIG_FILE)) return;
      stagedBytes += bytes;
      const holder = run.seen.leases.findLast(({ jobId }) => jobId === run.idOf(BIG_FILE));
      if (killed !== undefined || holder === undefined || stagedBytes < BIG_FILE.size / 2) return;
      killed = { pid: holder.pid, inFlightBytes: sentOfBig() - stagedBytes };
      run.pipeline.longWorkers.kill(holder.pid);
    },
  });
  const records = await run.download(DEMO_FILES);

  const distinct = [...new Set(STORED.map((file) => originSha256(file)))].toSorted();
  for (const file of STORED) {
    expect.soft(records.get(run.idOf(file))?.state, file.name).toMatch(/^(INDEXED|DEDUPED)$/);
    expect.soft(await run.contentDigest(file), file.name).toBe(originSha256(file));
  }
  expect(records.get(run.idOf(MISSING_FILE))).toMatchObject({ state: "FAILED", reason: "http_404" });
  const copies = STORED.length - distinct.length;
  expect(copies).toBeGreaterThan(0);
  expect([...records.values()].filter(({ state }) => state === "DEDUPED")).toHaveLength(copies);
  expect(run.contentWrites().toSorted()).toEqual(distinct.map(contentKey));
  expect(run.contentOnDisk()).toEqual(distinct);

  const holders = run.seen.leases.filter(({ jobId }) => jobId === run.idOf(BIG_FILE));
  // The short lane hands it over to the worker that is killed.
  expect(holders.map(({ pid }) => pid === killed?.pid)).toEqual([false, true, false]);
  expect(records.get(run.idOf(BIG_FILE))?.resumedBytes).toBeGreaterThan(BIG_FILE.size / 4);
  const mostSentAgain = PART_BYTES + (killed?.inFlightBytes ?? 0) + WRITTEN_TO_NOBODY_BYTES;
  expect(sentOfBig() - BIG_FILE.size).toBeLessThanOrEqual(mostSentAgain);

  const requests = origin.requests.length;
  await run.submit(DEMO_FILES);
  await run.untilQueueIsEmpty();
  expect(origin.requests).toHaveLength(requests);
  expect(await run.records(DEMO_FILES.map((file) => run.idOf(file)))).toEqual(records);
  await until("staging is empty", async () => JSON.stringify(await run.staging()).replace("[]", "") || undefined);
  expect(await run.pipeline.deadLetters()).toEqual([]);

  await run.stop();
  for (const event of run.seen.events) metrics.add(event);
  const completion = sloReport(metrics.sums, SLOS).find(({ slo }) => slo.id === "job-completion");
  expect(completion).toMatchObject({ bad: 0, verdict: "met" });
});
