/** Files of every kind in one list, a worker killed in the middle of one, and then every message once more. */
import { expect, it } from "vitest";
import { contentKey, jobIdOfStagingKey } from "../../core/model/keys.ts";
import { MetricSums, sloReport } from "../../dashboards/catalogue/report.ts";
import { SLOS } from "../../dashboards/catalogue/slos.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { KIB, MIB, PART_BYTES, startRun, startSurroundings, until, type Run } from "../e2e/support.ts";

/** So slow that each part is checkpointed before the next one is whole. */
const BIG: OriginFile = { name: "big-64-MiB.bin", size: 64 * MIB, rate: 8 * MIB };
const MISSING: OriginFile = { name: "gone.pdf", size: 0, status: 404 };

const report = (index: number, name = `report-${index}.pdf`): OriginFile => ({
  name,
  content: `report ${index}`,
  size: 700 + index * 37 * KIB,
  type: "application/pdf",
});
const REPORTS = Array.from({ length: 22 }, (_, index) => report(index));
const COPIES = Array.from({ length: 4 }, (_, index) => report(index, `copy-of-report-${index}.pdf`));

const STORED: readonly OriginFile[] = [
  BIG,
  { name: "empty.txt", size: 0, type: "text/plain" },
  { name: "exactly-one-part.bin", size: PART_BYTES },
  { name: "one-byte-more.bin", size: PART_BYTES + 1 },
  { name: "torn-once.tar", size: 24 * MIB, tearAfter: 13 * MIB },
  { name: "no-ranges.iso", size: 12 * MIB, ranges: "ignored" },
  { name: "length-unknown.json", size: 3 * MIB, length: "chunked", type: "application/json" },
  { name: "head-refused.zip", size: 2 * MIB, headStatus: 405 },
  { name: "busy-twice.csv", size: 90 * KIB, failFirst: 2, retryAfter: 1, type: "text/csv" },
  { name: "moved-twice.html", size: 40 * KIB, redirects: 2, type: "text/html" },
  { name: "weak-etag.html", size: 30 * KIB, validator: "weak", type: "text/html" },
  { name: "date-only.txt", size: 20 * KIB, validator: "last-modified", type: "text/plain" },
  { name: "no-validator.txt", size: 10 * KIB, validator: "none", type: "text/plain" },
  ...REPORTS,
  ...COPIES,
];
const ALL = [...STORED, MISSING];

/** Most bytes that the origin may write into a connection before it notices that the worker is gone. */
const WRITTEN_TO_NOBODY_BYTES = 4 * MIB;

it("files of every kind, a killed worker and a second delivery: nothing is lost and nothing is done twice", async () => {
  const surroundings = await startSurroundings();
  const { origin } = surroundings;
  const sentOfBig = (): number => origin.requestsOf(BIG).reduce((sum, { bytes }) => sum + bytes, 0);
  const metrics = new MetricSums();
  let stagedBytes = 0;
  let killed: { readonly pid: number; readonly inFlightBytes: number } | undefined;
  const run: Run = await startRun({
    ...surroundings,
    workers: 4,
    onStagedBytes: ({ key, bytes }) => {
      if (jobIdOfStagingKey(key) !== run.idOf(BIG)) return;
      stagedBytes += bytes;
      const holder = run.seen.leases.find(({ jobId }) => jobId === run.idOf(BIG));
      if (killed !== undefined || holder === undefined || stagedBytes < BIG.size / 2) return;
      killed = { pid: holder.pid, inFlightBytes: sentOfBig() - stagedBytes };
      run.pipeline.workers.kill(holder.pid);
    },
  });
  const records = await run.download(ALL);

  const distinct = [...new Set(STORED.map((file) => originSha256(file)))].toSorted();
  for (const file of STORED) {
    expect.soft(records.get(run.idOf(file))?.state, file.name).toMatch(/^(INDEXED|DEDUPED)$/);
    expect.soft(await run.contentDigest(file), file.name).toBe(originSha256(file));
  }
  expect(records.get(run.idOf(MISSING))).toMatchObject({ state: "FAILED", reason: "http_404" });
  expect([...records.values()].filter(({ state }) => state === "DEDUPED")).toHaveLength(COPIES.length);
  expect(run.contentWrites().toSorted()).toEqual(distinct.map(contentKey));
  expect(run.contentOnDisk()).toEqual(distinct);

  const holders = run.seen.leases.filter(({ jobId }) => jobId === run.idOf(BIG));
  expect(holders.map(({ pid }) => pid === killed?.pid)).toEqual([true, false]);
  expect(records.get(run.idOf(BIG))?.resumedBytes).toBeGreaterThan(BIG.size / 4);
  const mostSentAgain = PART_BYTES + (killed?.inFlightBytes ?? 0) + WRITTEN_TO_NOBODY_BYTES;
  expect(sentOfBig() - BIG.size).toBeLessThanOrEqual(mostSentAgain);

  const requests = origin.requests.length;
  await run.submit(ALL);
  await run.untilQueueIsEmpty();
  expect(origin.requests).toHaveLength(requests);
  expect(await run.records(ALL.map((file) => run.idOf(file)))).toEqual(records);
  await until("staging is empty", async () => JSON.stringify(await run.staging()).replace("[]", "") || undefined);
  expect(await run.pipeline.deadLetters()).toEqual([]);

  await run.stop();
  for (const event of run.seen.events) metrics.add(event);
  const completion = sloReport(metrics.sums, SLOS).find(({ slo }) => slo.id === "job-completion");
  expect(completion).toMatchObject({ bad: 0, verdict: "met" });
});
