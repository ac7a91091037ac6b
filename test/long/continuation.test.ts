/** Files longer than one invocation, and the gate that turns the guarded path off. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { gateAdmits } from "../../core/gate/gate.ts";
import { contentKey, hashItemKey, jobItemKey } from "../../core/model/keys.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import {
  KIB,
  MIB,
  PART_BYTES,
  startRun,
  startSurroundings,
  until,
  type Run,
  type Surroundings,
} from "../e2e/support.ts";

describe("a file longer than one invocation", () => {
  it("is continued by the next invocation, and staged parts are not fetched again", async () => {
    const surroundings = await startSurroundings();
    const { origin } = surroundings;
    const long: OriginFile = { name: "long", size: 40 * MIB, rate: 6 * MIB };
    const run = await startRun({
      ...surroundings,
      functionTimeoutMs: 5000,
      // One GET for each invocation.
      workerEnv: { DEADLINE_BUFFER_MS: "2200", MOST_RANGES: "1" },
    });
    const record = (await run.download([long])).get(run.idOf(long));
    const hops = record?.hops ?? 0;

    expect(record).toMatchObject({ state: "INDEXED", attempts: 1, transfer: { sha256: originSha256(long) } });
    expect(hops).toBeGreaterThanOrEqual(1);
    // The invocation of the short lane hands the file over, which is no hop.
    const invocations = 2 + hops;
    // One lease per invocation. The reconciler would have raised the fence as well, so it was not needed.
    expect(record?.fence).toBe(invocations);
    expect(await run.contentDigest(long)).toBe(originSha256(long));
    const gets = origin.requestsOf(long).filter(({ method }) => method === "GET");
    // The last invocation needs no GET if time was up just after the whole file was staged.
    const streams = run.eventsOf(long).filter((event) => "op_type" in event && event.op_type === "STREAM");
    const begun = streams.filter(({ event }) => event === "operation_started").length;
    expect(begun).toBeGreaterThanOrEqual(invocations - 1);
    expect(gets).toHaveLength(begun);
    expect(gets.slice(1).every(({ status }) => status === 206)).toBe(true);
    // The part being read when time is up, and what is in flight: little, because the origin is slower than the worker.
    const sent = gets.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(sent - long.size).toBeLessThanOrEqual((invocations - 1) * (PART_BYTES + 4 * MIB));

    const leases = run.namesOfEvents(long).filter((name) => name === "job_leased" || name === "lease_released");
    expect(leases).toEqual(Array.from({ length: invocations }, () => ["job_leased", "lease_released"]).flat());
    const sends = run.seen.requests.filter(({ operation }) => operation === "SendMessageBatch");
    expect(sends).toHaveLength(invocations);
    expect(await run.staging()).toEqual([]);
    expect(await run.pipeline.deadLetters()).toEqual([]);
  });
});

describe("the gate", () => {
  const files = Array.from({ length: 24 }, (_, index): OriginFile => ({
    name: `file-${index}`,
    size: 1 + index * KIB,
  }));
  const sha256s = files.map((file) => originSha256(file)).toSorted();

  /** Waits until the only run of the reconciler is over, because it reads the table whatever the gate says. */
  const startQuietRun = async (surroundings: Surroundings, gate: string): Promise<Run> => {
    const run = await startRun({
      ...surroundings,
      reconcileEveryMs: 3_600_000,
      workerEnv: { DOCSTOKG_ENABLE_IDEMPOTENCY: gate },
    });
    await until("the reconciler's only run is over", async () =>
      run.seen.requests.some(({ operation }) => operation === "ListMultipartUploads") ? undefined : "no listing yet",
    );
    return run;
  };

  /** Runs the operator's gate command as a process of its own. */
  const gateCommand = async ({ pipeline }: Run, ...args: readonly string[]): Promise<string> => {
    const { protocol, hostname, port } = (await pipeline.clients.dynamodb.config.endpoint?.()) ?? {};
    const env = {
      PATH: process.env["PATH"],
      AWS_ENDPOINT_URL: `${protocol}//${hostname}:${port}`,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    };
    const command = ["cli/main.ts", "gate", ...args, "--table", pipeline.names.table];
    const { stdout } = await promisify(execFile)(process.execPath, command, { env });
    return stdout;
  };

  /** A job that the gate leaves out is looked up, since it may have a record, and gets none. */
  const jobKeysWritten = (run: Run): readonly string[] =>
    run.seen.requests.flatMap(({ operation, service, key }) =>
      service === "dynamodb" && operation !== "GetItem" && key?.startsWith("JOB#") ? [key] : [],
    );

  it("off by the variable: files are downloaded, verified and published without a request to the table", async () => {
    const surroundings = await startSurroundings();
    const run = await startQuietRun(surroundings, "false");
    const requestsBefore = run.seen.requests.length;
    const [first = { name: "", size: 0 }] = files;
    const wrong = { ...run.messageOf({ ...first, name: "wrong" }), sha256: "0".repeat(64) };
    await run.submit(files);
    await run.pipeline.submit([wrong]);
    await run.untilQueueIsEmpty();

    expect(run.seen.requests.slice(requestsBefore).filter(({ service }) => service === "dynamodb")).toEqual([]);
    expect(run.contentOnDisk()).toEqual(sha256s);
    for (const file of files) expect(await run.contentDigest(file)).toBe(originSha256(file));
    expect(await run.staging()).toEqual([]);
    expect(await run.pipeline.deadLetters()).toEqual([{ body: JSON.stringify(wrong), reason: "digest_mismatch" }]);
    expect(run.seen.events.filter((event) => "job_id" in event)).toEqual([]);
  });

  it("off by the document in the table: jobs take the unguarded path, although the variable says on", async () => {
    const run = await startQuietRun(await startSurroundings(), "true");
    expect(await gateCommand(run, "off", "--by", "the test", "--reason", "as an operator does")).toMatch(
      /^At most 0 % of jobs take .*: off \(version 1\)\.[^]*none -> 0 %  off, by the test: as an operator does\n$/,
    );
    await run.submit(files);
    await run.untilQueueIsEmpty();

    expect(run.contentOnDisk()).toEqual(sha256s);
    expect(await run.itemKeys("JOB#")).toEqual([]);
    expect(jobKeysWritten(run)).toEqual([]);
  });

  it("at 50 percent guards some of the jobs, and at 100 the rest, without writing their content again", async () => {
    const surroundings = await startSurroundings();
    const half = await startQuietRun(surroundings, "50");
    const guarded = files.map((file) => half.idOf(file)).filter((jobId) => gateAdmits(50, jobId));
    await half.submit(files);
    await half.untilQueueIsEmpty();
    expect(guarded.length).toBeGreaterThan(0);
    expect(guarded.length).toBeLessThan(files.length);
    expect(await half.itemKeys("JOB#")).toEqual(guarded.map(jobItemKey).toSorted());
    expect([...new Set(jobKeysWritten(half))].toSorted()).toEqual(guarded.map(jobItemKey).toSorted());
    expect(half.contentWrites().toSorted()).toEqual(sha256s.map(contentKey));
    expect(half.contentOnDisk()).toEqual(sha256s);
    await half.stop();

    const whole = await startQuietRun(surroundings, "true");
    const records = await whole.download(files);
    expect(new Set([...records.values()].map(({ state }) => state))).toEqual(new Set(["INDEXED"]));
    expect(whole.contentWrites()).toEqual([]);
    expect(await whole.itemKeys("HASH#")).toEqual(sha256s.map(hashItemKey));
    expect(await whole.staging()).toEqual([]);
  });
});
