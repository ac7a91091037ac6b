/** A batch of 10,000 files is cancelled in the middle of the whole system: nobody asks for any of them any more. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { batchItemKey } from "../../core/batches/batch-record.ts";
import { jobIdOf } from "../../core/producer/check-job.ts";
import { originPath, type OriginFile } from "../../local/origin/file.ts";
import { commandsOf, type Json } from "../e2e/commands.ts";
import { KIB, MIB, startRun, startSurroundings, until } from "../e2e/support.ts";

const FILES = 10_000;
/** Each of them takes 30 s, and 16 s until its first checkpoint. Some are under way whenever it is. */
const LONG_EACH = 250;
const LAST_REQUEST_MS = 5_000;
/** How exactly the time of a request is known. */
const SEEN_EVERY_MS = 50;

const fileAt = (index: number): OriginFile =>
  index % LONG_EACH === 7
    ? { name: `long-${index}.bin`, size: 15 * MIB + index, rate: 512 * KIB }
    : { name: `${index}.bin`, size: KIB + index };

it("fetches nothing of a cancelled job five seconds later, and leaves nothing in staging", async () => {
  const run = await startRun({
    ...(await startSurroundings()),
    workers: 4,
    followBatchesEveryMs: 1_000,
    // As deployed. Otherwise a worker would learn of it from its next renewal.
    workerEnv: { LEASE_TTL_MS: "120000", MOST_RANGES: "1" },
  });
  const { done, folder, statusOf } = await commandsOf(run);
  const files = Array.from({ length: FILES }, (_, index) => fileAt(index));
  const urls = files.map((file) => run.origin.urlOf(file));
  const ids = urls.map((url) => jobIdOf({ url }));
  const list = join(folder, "urls.txt");
  await writeFile(list, urls.join("\n"));

  /** Of each request of the origin: how many bytes of its body were sent, and when it was sent, or the last of them. */
  const seen: { bytes: number; atMs: number }[] = [];
  const watch = setInterval(() => {
    for (const [nth, { bytes }] of run.origin.requests.entries())
      if (seen[nth]?.bytes !== bytes) seen[nth] = { bytes, atMs: Date.now() };
  }, SEEN_EVERY_MS);
  onTestFinished(() => clearInterval(watch));

  const id = /^Batch: (\S+)$/m.exec(await done("submit", list))?.[1] ?? "";
  const longPaths = new Set(files.filter(({ rate }) => rate !== undefined).map(originPath));
  await until("long files are under way among short ones", async () => {
    const long = run.origin.requests.filter(({ method, path }) => method === "GET" && longPaths.has(path)).length;
    return long >= 3 && run.origin.requests.length > 500 ? undefined : `${long} of ${run.origin.requests.length}`;
  });
  const cancelled = JSON.parse(
    (await done("batch", "cancel", id, "--json")).trimEnd().split("\n").at(-1) ?? "",
  ) as Json;
  expect(Number(cancelled["cancelled"]) + Number(cancelled["ended"])).toBe(FILES);
  expect(Number(cancelled["cancelled"])).toBeGreaterThan(FILES / 2);

  const records = await run.untilTerminal(ids);
  await run.untilQueueIsEmpty();
  await until("nothing is left in staging", async () => {
    const { length } = await run.staging();
    return length === 0 ? undefined : `${length} objects and uploads`;
  });

  const cancelledAtMs = new Map(
    files.flatMap((file, index) => {
      const record = records.get(ids[index] ?? "");
      return record?.reason === "cancelled" ? [[originPath(file), record.failedAtMs ?? 0] as const] : [];
    }),
  );
  expect(cancelledAtMs.size).toBe(cancelled["cancelled"]);
  expect([...longPaths].filter((path) => cancelledAtMs.has(path)).length).toBeGreaterThan(0);
  const late = run.origin.requests.flatMap(({ method, path }, nth) => {
    const afterMs = (seen[nth]?.atMs ?? 0) - (cancelledAtMs.get(path) ?? Infinity);
    return afterMs > LAST_REQUEST_MS + SEEN_EVERY_MS ? [`${method} ${path} after ${afterMs} ms`] : [];
  });
  expect(late).toEqual([]);

  const items = dynamoItems(run.pipeline.clients.dynamodb, run.pipeline.names.table);
  await until("the batch has ended", async () => {
    const item = await items.read(batchItemKey(id));
    return item?.["phase"] === "ended" ? undefined : JSON.stringify(item);
  });
  expect(await statusOf(id)).toMatchObject({
    done: FILES,
    states: { FAILED: cancelled["cancelled"] },
    reasons: { cancelled: cancelled["cancelled"] },
  });
}, 600_000);
