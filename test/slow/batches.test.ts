/**
 * A list as a batch of the whole system: workers and the submitter are killed on the way, some files are gone, and the
 * counts, the report and what the records say are equal.
 */
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { batchItemKey } from "../../core/batches/batch-record.ts";
import { jobIdOf } from "../../core/producer/check-job.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { commandsOf, type Json } from "../e2e/commands.ts";
import { KIB, type Run, startRun, startSurroundings, until } from "../e2e/support.ts";

const FILES = 300;
const KILLS = 6;

const fileAt = (index: number): OriginFile => ({
  name: `${index}.bin`,
  size: KIB + (index % 7),
  ...(index % 10 === 3 && { failFirst: 1, failStatus: 404, failMethod: "GET" as const }),
});

async function reported(run: Run, id: string, revision: number, file: string): Promise<Buffer> {
  const Key = `batches/${id}/report-${revision}/${file}`;
  const Bucket = run.pipeline.names.batchesBucket;
  const { Body } = await run.pipeline.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  return buffer(Body as Readable);
}

const rowsIn = (lines: Buffer): readonly Json[] =>
  String(gunzipSync(lines))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Json);

it("kills on the way: counts, report and records are equal, and so they are after a retry", async () => {
  const run = await startRun({ ...(await startSurroundings()), workers: 3, followBatchesEveryMs: 1_000 });
  const { begin, done, folder, statusOf } = await commandsOf(run);
  const files = Array.from({ length: FILES }, (_, index) => fileAt(index));
  const list = join(folder, "list.csv");
  await writeFile(
    list,
    ["url,n,note", ...files.map((file, n) => `${run.origin.urlOf(file)},${n},"a, ${n}"`)].join("\n"),
  );

  const first = begin("submit", list);
  await until("the queue has some jobs", async () => {
    const { visible, inFlight } = await run.pipeline.depth();
    return visible + inFlight > 0 || first.process.exitCode !== null ? undefined : "none yet";
  });
  first.process.kill("SIGKILL");
  await first.ended();
  const id = /^Batch: (\S+)$/m.exec(await done("submit", list))?.[1] ?? "";

  const ids = files.map((file) => jobIdOf({ url: run.origin.urlOf(file) }));
  for (let kill = 0; kill < KILLS; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    const { done: seen, not_begun: unseen, states } = await statusOf(id);
    const counted = Object.values(states as Record<string, number>).reduce((sum, count) => sum + count, 0);
    expect(counted + Number(unseen)).toBe(FILES);
    expect(Number(seen)).toBeLessThanOrEqual(FILES);
    const [pid] = run.pipeline.workers.pids();
    if (pid !== undefined) run.pipeline.workers.kill(pid);
  }

  const truth = async (): Promise<Json> => {
    const states: Record<string, number> = {};
    for (const { state } of (await run.records(ids)).values()) states[state] = (states[state] ?? 0) + 1;
    return states;
  };
  await run.untilTerminal(ids);
  expect((await statusOf(id))["states"]).toEqual(await truth());
  const ended = async (revision: number): Promise<Json> => {
    const items = dynamoItems(run.pipeline.clients.dynamodb, run.pipeline.names.table);
    await until("the batch has ended", async () => {
      const item = await items.read(batchItemKey(id));
      return item?.["phase"] === "ended" && item["revision"] === revision ? undefined : JSON.stringify(item);
    });
    return statusOf(id);
  };
  const gone = files.filter((file) => file.failFirst !== undefined).length;
  const states = await truth();
  const failed = Number(states["FAILED"]);
  // A worker that is killed with the answer in its hands leaves the file to the next one, which gets it.
  expect(failed).toBeGreaterThan(0);
  expect(failed).toBeLessThanOrEqual(gone);
  expect(await ended(1)).toMatchObject({ states, reasons: { http_404: failed }, done: FILES });

  const rows = rowsIn(await reported(run, id, 1, "jsonl/00000.jsonl.gz"));
  const records = await run.records(ids);
  expect(rows.map((row) => [row["job_id"], row["n"], row["note"], row["state"], row["sha256"]])).toEqual(
    ids.map((job, n) => [
      job,
      String(n),
      `a, ${n}`,
      records.get(job)?.state,
      records.get(job)?.transfer?.sha256 ?? null,
    ]),
  );
  const parquet = join(folder, "part.parquet");
  await writeFile(parquet, await reported(run, id, 1, "parquet/00000.parquet"));
  const same = await parquetReadObjects({ file: await asyncBufferFromFile(parquet) });
  expect(same.map((row) => [row["job_id"], row["state"], Number(row["bytes"] ?? -1)])).toEqual(
    rows.map((row) => [row["job_id"], row["state"], row["bytes"] ?? -1]),
  );

  const retried = await done("batch", "retry", id);
  expect(retried).toContain(`${failed} jobs reopened.`);
  expect(await ended(2)).toMatchObject({ states: await truth(), reasons: {}, done: FILES });
  expect(rowsIn(await reported(run, id, 2, "jsonl/00000.jsonl.gz")).map(({ state }) => state)).not.toContain("FAILED");
  expect(await done("batch", "list")).toMatch(
    new RegExp(`^${id} {2}ended +\\S+ {2}${FILES} lines {2}.*list\\.csv$`, "m"),
  );
}, 300_000);
