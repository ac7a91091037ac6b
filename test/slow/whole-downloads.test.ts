/** Whole downloads by one worker and by several, and the same jobs again, with real processes. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentKey, hashItemKey, jobItemKey } from "../../core/model/keys.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { KIB, MIB, startRun, startSurroundings, type Run, type SeenEvent } from "../e2e/support.ts";

/** One line for each event, in order, such as `operation_started STREAM` or `PLANNED -> LEASED`. */
const outlineOf = (events: readonly SeenEvent[]): readonly string[] =>
  events.map((event) => {
    if (event.event === "job_state_changed") return `${event.from_state} -> ${event.to_state}`;
    return "op_type" in event ? `${event.event} ${event.op_type}` : event.event;
  });

const operationsOf = ({ operations }: JobRecord): readonly string[] =>
  Object.entries(operations).map(([type, { status, fence }]) => `${type} ${status} by ${fence}`);

describe("a complete download", () => {
  it.each<{ what: string; file: OriginFile }>([
    { what: "within one part", file: { name: "report.pdf", size: 100 * KIB, type: "application/pdf" } },
    { what: "of several parts", file: { name: "dump.tar", size: 20 * MIB + 1 } },
  ])("of a file $what goes through every state to INDEXED, and leaves nothing in staging", async ({ file }) => {
    const surroundings = await startSurroundings();
    const { origin, outDir } = surroundings;
    const sha256 = originSha256(file);
    const run = await startRun({ ...surroundings, workers: 1 });
    const record = (await run.download([file])).get(run.idOf(file));
    expect(record).toMatchObject({ state: "INDEXED", fence: 1, attempts: 1, hops: 0, resumedBytes: 0 });
    expect(record?.transfer).toMatchObject({ sha256, bytes: file.size });
    expect(record && operationsOf(record)).toEqual([
      "HEAD DONE by 1",
      "STREAM DONE by 1",
      "FINALIZE DONE by 1",
      "INDEX DONE by 1",
    ]);
    expect(record).not.toHaveProperty("leaseOwner");
    expect(await run.contentDigest(file)).toBe(sha256);
    expect(await run.itemKeys("HASH#")).toEqual([hashItemKey(sha256)]);
    expect(await run.staging()).toEqual([]);
    expect(origin.requestsOf(file).map(({ method, status }) => `${method} ${status}`)).toEqual(["HEAD 200", "GET 200"]);
    await run.stop();

    const lines = (await readFile(join(outDir, "events.jsonl"), "utf8")).trim().split("\n");
    const events = lines.map((line) => JSON.parse(line) as SeenEvent).filter((event) => "job_id" in event);
    expect(outlineOf(events).filter((line) => line !== "lease_renewed")).toEqual([
      "job_planned",
      "job_leased",
      "PLANNED -> LEASED",
      "operation_started HEAD",
      "operation_completed HEAD",
      "LEASED -> HEAD_DONE",
      "HEAD_DONE -> RESUME_OK",
      "RESUME_OK -> STREAMING",
      "operation_started STREAM",
      "operation_completed STREAM",
      "operation_started FINALIZE",
      "operation_completed FINALIZE",
      "STREAMING -> FINALIZED",
      "operation_started INDEX",
      "operation_completed INDEX",
      "FINALIZED -> INDEXED",
      "lease_released",
    ]);
  });
});

describe("several workers on one pool of jobs", () => {
  it("download every file once, although every message is sent twice", async () => {
    const surroundings = await startSurroundings();
    const files = Array.from({ length: 60 }, (_, index): OriginFile => ({
      name: `file-${index}`,
      size: 1 + index * 7 * KIB,
      delayMs: 40,
    }));
    // A busy machine takes no lease away. Longer, and the second messages would come back as late.
    const workerEnv = { LEASE_TTL_MS: "20000" };
    const run = await startRun({ ...surroundings, workers: 4, batchSize: 5, workerEnv });
    // Each batch is sent twice in a row, so that two workers have the same jobs at the same time.
    const batches = Array.from({ length: files.length / 5 }, (_, index) => files.slice(index * 5, index * 5 + 5));
    await run.submit(batches.flatMap((batch) => batch.concat(batch)));
    const records = await run.untilDone(files);

    expect(new Set([...records.values()].map(({ state }) => state))).toEqual(new Set(["INDEXED"]));
    const gets = surroundings.origin.requests.filter(({ method }) => method === "GET");
    expect(gets.map(({ path }) => path).toSorted()).toEqual([...new Set(gets.map(({ path }) => path))].toSorted());
    expect(gets).toHaveLength(files.length);
    const keys = files.map((file) => contentKey(originSha256(file))).toSorted();
    expect(run.contentWrites().toSorted()).toEqual(keys);
    expect(run.contentOnDisk()).toHaveLength(files.length);
    for (const file of files) expect(await run.contentDigest(file)).toBe(originSha256(file));
    expect(new Set(run.seen.leases.map(({ pid }) => pid)).size).toBeGreaterThan(1);
    expect(run.seen.leases).toHaveLength(files.length);
    expect(await run.staging()).toEqual([]);
  });

  it("store one object for 12 jobs with the same content: one job is INDEXED, the others are DEDUPED", async () => {
    const surroundings = await startSurroundings();
    const copies = Array.from({ length: 12 }, (_, index): OriginFile => ({
      name: `copy-${index}`,
      content: "the same",
      size: 60 * KIB,
    }));
    const run = await startRun({ ...surroundings, workers: 3, batchSize: 2 });
    const records = await run.download(copies);
    const states = [...records.values()].map(({ state }) => state).toSorted();
    expect(states).toEqual([...Array.from({ length: 11 }, () => "DEDUPED"), "INDEXED"]);
    const [copy = { name: "", size: 0 }] = copies;
    const sha256 = originSha256(copy);
    expect(run.contentWrites()).toEqual([contentKey(sha256)]);
    expect(await run.itemKeys("HASH#")).toEqual([hashItemKey(sha256)]);
    expect(await run.contentDigest(copy)).toBe(sha256);
    expect(await run.staging()).toEqual([]);
  });
});

describe("the same job executed again", () => {
  const files: readonly OriginFile[] = [
    { name: "small", size: 5 * KIB },
    { name: "empty", size: 0 },
    { name: "parts", size: 9 * MIB },
    { name: "gone", size: 0, status: 410 },
  ];

  it("in the same run and after a restart repeats no side effect, and leaves the ledger unchanged", async () => {
    const surroundings = await startSurroundings();
    const { origin } = surroundings;
    const run = await startRun(surroundings);
    const ledger = await run.download(files);
    const originRequests = origin.requests.length;
    await deliverAgainWithoutEffect(run, ledger, originRequests);
    await run.stop();

    const restarted = await startRun(surroundings);
    expect(await restarted.records(files.map((file) => restarted.idOf(file)))).toEqual(ledger);
    await deliverAgainWithoutEffect(restarted, ledger, originRequests);
    expect(restarted.seen.leases).toEqual([]);
    expect(restarted.contentOnDisk()).toHaveLength(files.length - 1);
  });

  async function deliverAgainWithoutEffect(
    run: Run,
    ledger: ReadonlyMap<string, JobRecord>,
    originRequests: number,
  ): Promise<void> {
    const before = run.seen.requests.length;
    await run.submit(files);
    await run.untilQueueIsEmpty();
    const since = run.seen.requests.slice(before);
    const jobIds = files.map((file) => run.idOf(file));
    const s3Keys = since.flatMap(({ service, key }) => (service === "s3" && key ? [key] : []));
    expect(s3Keys).toEqual([]);
    const units = jobIds.map((jobId) =>
      since
        .filter(({ service, key }) => service === "dynamodb" && key === jobItemKey(jobId))
        .reduce((sum, { writeUnits = 0, readUnits = 0 }) => sum + writeUnits + readUnits, 0),
    );
    expect(units).toEqual(files.map(() => 1));
    expect(run.origin.requests).toHaveLength(originRequests);
    expect(await run.records(jobIds)).toEqual(ledger);
  }
});
