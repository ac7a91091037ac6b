/** Whole downloads, killed workers, several workers, repeated jobs and failing networks, with real processes. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentKey, hashItemKey, jobItemKey } from "../../core/model/keys.ts";
import { METRIC_DIMENSION, METRIC_NAMESPACE } from "../../core/telemetry/metrics.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { EXAMPLE_EVENTS } from "../../dashboards/docs/example-events.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { loopbackEndpoint } from "../../local/shared/loopback.ts";
import { measuredIn, valuesOf } from "../embedded-metrics.ts";
import { KIB, MIB, PART_BYTES, startRun, startSurroundings, until, type Run, type SeenEvent } from "./support.ts";

const WHOLE_LIFE = ["LEASED", "HEAD_DONE", "RESUME_OK", "STREAMING", "FINALIZED", "INDEXED"];

const statesOf = (events: readonly SeenEvent[]): readonly string[] =>
  events.flatMap((event) => (event.event === "job_state_changed" ? [event.to_state] : []));

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

describe("a worker killed in mid-download", () => {
  it("is followed by another one, which resumes from the last staged part instead of the start", async () => {
    const surroundings = await startSurroundings();
    const { origin } = surroundings;
    const big: OriginFile = { name: "big.bin", size: 256 * MIB, rate: 64 * MIB };
    let stagedBytes = 0;
    let killed: number | undefined;
    const run: Run = await startRun({
      ...surroundings,
      onStagedBytes: ({ bytes }) => {
        stagedBytes += bytes;
        const [holder] = run.seen.leases;
        if (killed !== undefined || holder === undefined || stagedBytes < big.size / 2) return;
        killed = holder.pid;
        run.pipeline.workers.kill(holder.pid);
      },
    });
    await run.submit([big]);
    const record = (await run.untilTerminal([run.idOf(big)])).get(run.idOf(big));

    expect(killed).toBeGreaterThan(0);
    expect(run.seen.leases.map(({ pid }) => pid === killed)).toEqual([true, false]);
    expect(record).toMatchObject({ state: "INDEXED", attempts: 2, transfer: { sha256: originSha256(big) } });
    expect(record?.resumedBytes).toBeGreaterThan(big.size / 4);
    expect(await run.contentDigest(big)).toBe(originSha256(big));

    // The part being read, two more on their way to staging, and what two loopback sockets buffer (a few MiB each).
    const mostSentAgain = 3 * PART_BYTES + 16 * MIB;
    const sent = origin.requestsOf(big).reduce((sum, { bytes }) => sum + bytes, 0);
    console.info(`killed in mid-file: ${(sent - big.size) / MIB} of ${big.size / MIB} MiB were sent again`);
    expect(sent - big.size).toBeLessThanOrEqual(mostSentAgain);
    const [, resumed] = origin.requestsOf(big).filter(({ method }) => method === "GET");
    expect(resumed).toMatchObject({ status: 206, range: `bytes=${record?.resumedBytes}-` });

    await until("staging is empty", async () => JSON.stringify(await run.staging()).replace("[]", "") || undefined);
  });

  it("before it renews its lease leaves a lease that the reconciler takes back", async () => {
    const surroundings = await startSurroundings();
    const file: OriginFile = { name: "slow-to-answer", size: 10 * KIB, delayMs: 800 };
    const run: Run = await startRun({
      ...surroundings,
      workerEnv: { LEASE_TTL_MS: "3000" },
      onTelemetry: ({ event }, pid) => {
        if (event === "job_leased" && run.seen.leases.length === 1) run.pipeline.workers.kill(pid);
      },
    });
    await run.submit([file]);
    const records = await run.untilDone([file]);

    // The fence rises with each of the two leases, and with the recovery by the reconciler between them.
    expect(records.get(run.idOf(file))).toMatchObject({ state: "INDEXED", attempts: 2, fence: 3 });
    expect(run.seen.events).toContainEqual(
      expect.objectContaining({ event: "crash_recovery_event", recovered_leases: 1, abandoned_ops: 1 }),
    );
    expect(statesOf(run.eventsOf(file))).toEqual(WHOLE_LIFE);
    expect(await run.contentDigest(file)).toBe(originSha256(file));
  });
});

describe("a worker killed between beginning an upload and its first checkpoint", () => {
  it("leaves an upload that no worker can resume, and the reconciler removes it", async () => {
    const surroundings = await startSurroundings();
    const file: OriginFile = { name: "two-parts", size: 9 * MIB };
    let isKilled = false;
    const run: Run = await startRun({
      ...surroundings,
      onAwsRequest: ({ operation }) => {
        if (isKilled || operation !== "CreateMultipartUpload") return;
        isKilled = true;
        // Kills all workers, because the event that names the holder of the lease may not have arrived yet.
        for (const pid of run.pipeline.workers.pids()) run.pipeline.workers.kill(pid);
      },
    });
    await run.submit([file]);
    const records = await run.untilTerminal([run.idOf(file)]);
    expect(records.get(run.idOf(file))).toMatchObject({ state: "INDEXED", attempts: 2, resumedBytes: 0 });
    expect(run.seen.requests.filter(({ operation }) => operation === "CreateMultipartUpload")).toHaveLength(2);
    await until("staging is empty", async () => JSON.stringify(await run.staging()).replace("[]", "") || undefined);
    expect(run.contentWrites()).toEqual([contentKey(originSha256(file))]);
    expect(await run.contentDigest(file)).toBe(originSha256(file));
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
    const run = await startRun({ ...surroundings, workers: 4, batchSize: 5 });
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

describe("transient network failures", () => {
  const SLOW: OriginFile = { name: "slow", size: MIB, rate: 200 * KIB };

  interface Trouble {
    readonly what: string;
    readonly file: OriginFile;
    readonly attempts: number;
    readonly expected?: Partial<JobRecord>;
    /** The origin's statuses for HEAD and GET, in order. */
    readonly requests: readonly string[];
  }

  const troubles: readonly Trouble[] = [
    {
      what: "503 with Retry-After in seconds",
      file: { name: "busy", size: 4 * KIB, failFirst: 2, retryAfter: 1 },
      attempts: 3,
      requests: ["HEAD 503", "HEAD 503", "HEAD 200", "GET 200"],
    },
    {
      what: "503 with Retry-After as a date",
      file: { name: "busy-until", size: 4 * KIB, failFirst: 1, retryAfter: 2, retryAfterAs: "date" },
      attempts: 2,
      requests: ["HEAD 503", "HEAD 200", "GET 200"],
    },
    {
      what: "429",
      file: { name: "throttled", size: 4 * KIB, failFirst: 1, failStatus: 429 },
      attempts: 2,
      requests: ["HEAD 429", "HEAD 200", "GET 200"],
    },
    {
      what: "GET that fails after a good HEAD, which is not repeated",
      file: { name: "get-fails", size: 4 * KIB, failFirst: 2, failStatus: 500, failMethod: "GET" },
      attempts: 3,
      requests: ["HEAD 200", "GET 500", "GET 500", "GET 200"],
    },
    {
      what: "body torn off in its second part",
      file: { name: "torn", size: 20 * MIB, tearAfter: 13 * MIB },
      attempts: 2,
      expected: { resumedBytes: PART_BYTES },
      requests: ["HEAD 200", "GET 200", "GET 206"],
    },
    {
      what: "body torn off where ranges are not served",
      file: { name: "torn-no-ranges", size: 10 * MIB, tearAfter: 9 * MIB, ranges: "ignored" },
      attempts: 2,
      requests: ["HEAD 200", "GET 200", "GET 200"],
    },
    {
      what: "silence in the second part",
      file: { name: "stalled", size: 12 * MIB, stallAfter: 9 * MIB },
      attempts: 2,
      expected: { resumedBytes: PART_BYTES },
      requests: ["HEAD 200", "GET 200", "GET 206"],
    },
    {
      what: "download that takes longer than a lease lasts",
      file: SLOW,
      attempts: 1,
      expected: { fence: 1 },
      requests: ["HEAD 200", "GET 200"],
    },
  ];

  it("are retried with the state kept and the lease renewed, and the job ends with the right content", async () => {
    const surroundings = await startSurroundings();
    const run = await startRun({
      ...surroundings,
      batchSize: 4,
      workerEnv: { HTTP_IDLE_TIMEOUT_MS: "2500", RETRY_BASE_MS: "50" },
    });
    const records = await run.download(troubles.map(({ file }) => file));
    for (const { what, file, attempts, expected, requests } of troubles) {
      const record = records.get(run.idOf(file));
      expect.soft(record, what).toMatchObject({ state: "INDEXED", attempts, fence: attempts, ...expected });
      expect.soft(record, what).not.toHaveProperty("reason");
      const asked = surroundings.origin.requestsOf(file).map(({ method, status }) => `${method} ${status}`);
      expect.soft(asked, what).toEqual(requests);
      expect.soft(await run.contentDigest(file), what).toBe(originSha256(file));
      expect.soft(statesOf(run.eventsOf(file)), what).toEqual(WHOLE_LIFE);
    }
    const renewals = run.namesOfEvents(SLOW).filter((event) => event === "lease_renewed").length;
    expect(renewals).toBeGreaterThanOrEqual(3);
    expect(await run.staging()).toEqual([]);
    expect(await run.pipeline.deadLetters()).toEqual([]);
    await run.stop();
    expectAllEventsAndTheirMetrics(run);
  });

  /** All nine event types occurred; `startRun` checks each event. No worker was killed, so no metric is missing. */
  function expectAllEventsAndTheirMetrics({ seen }: Run): void {
    expect(new Set(seen.events.map(({ event }) => event))).toEqual(new Set(EXAMPLE_EVENTS.map(({ event }) => event)));
    expect(valuesOf(seen.metrics)).toEqual(measuredIn(seen.events));
    for (const { namespace, dimensions } of seen.metrics) {
      expect(namespace).toBe(METRIC_NAMESPACE);
      expect(dimensions).toEqual({ [METRIC_DIMENSION]: "local" });
    }
  }

  it("such as a connection reset before any answer are retried as well", async () => {
    const surroundings = await startSurroundings();
    const run = await startRun({ ...surroundings, workers: 1, workerEnv: { RETRY_BASE_MS: "50" } });
    let asked = 0;
    const resetting = createServer((request, response) => {
      asked += 1;
      if (asked % 2 === 1) request.socket.resetAndDestroy();
      else response.end("at last");
    });
    resetting.listen(0, "127.0.0.1");
    await once(resetting, "listening");
    try {
      const message = { work_id: "e2e", artifact_id: "reset", url: `${loopbackEndpoint(resetting)}/reset` };
      await run.pipeline.submit([message]);
      await run.untilQueueIsEmpty();
      const [jobKey = ""] = await run.itemKeys("JOB#");
      const record = (await run.records([jobKey.slice("JOB#".length)])).values().next().value;
      expect(record).toMatchObject({ state: "INDEXED", attempts: 3, transfer: { bytes: "at last".length } });
      expect(asked).toBe(4);
    } finally {
      resetting.closeAllConnections();
      resetting.close();
    }
  });
});
