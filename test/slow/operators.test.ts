/** The operators' commands, run as programs on a running pipeline, which they know by the name of its stack. */
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { contentKey } from "../../core/model/keys.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { startCloudFormation } from "../embedded-aws/aws/cloudformation.ts";
import { KIB, MIB, startRun, startSurroundings, until, type Run } from "../e2e/support.ts";

interface Ended {
  readonly code: unknown;
  readonly out: string;
  readonly err: string;
}

async function fetchonce(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["cli/main.ts", ...args], { env });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += String(text)));
  child.stderr.on("data", (text) => (err += String(text)));
  const [code]: unknown[] = await once(child, "close");
  return { code, out, err };
}

/** Runs the command as an operator of the run's account does. Nothing listens where CloudWatch should be. */
const operatorOf =
  ({ pipeline }: Run) =>
  async (...args: readonly string[]): Promise<Ended> =>
    fetchonce({ ...pipeline.environment, AWS_ENDPOINT_URL_CLOUDWATCH: "http://127.0.0.1:9" }, args);

type Json = Readonly<Record<string, unknown>>;

const linesOf = (text: string): readonly Json[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Json);

const STORED: OriginFile = { name: "stored", size: 3 * KIB };
const GONE: OriginFile = { name: "gone", size: 1, failFirst: 99, failStatus: 404, failMethod: "GET" };
/** Its origin asks for half an hour: the job is parked. */
const BUSY: OriginFile = { name: "busy", size: 1, failFirst: 99, retryAfter: 1800, failMethod: "GET" };
const SLOW: OriginFile = { name: "slow", size: 100 * MIB, rate: 2 * MIB };

/** A pipeline with a job that is stored, one that failed, one that waits, one that is under way, and a dead letter. */
async function startBusyRun(): Promise<Run> {
  // A busy machine takes no lease away.
  const run = await startRun({ ...(await startSurroundings()), workerEnv: { LEASE_TTL_MS: "20000" } });
  const { sqs } = run.pipeline.clients;
  const { deadLetterQueueUrl } = run.pipeline.names;
  await sqs.send(new SendMessageCommand({ QueueUrl: deadLetterQueueUrl, MessageBody: "not a message" }));
  await run.submit([STORED, GONE, BUSY, SLOW]);
  await run.untilTerminal([STORED, GONE].map((file) => run.idOf(file)));
  await until("one job waits, and one is under way", async () => {
    const records = await run.records([BUSY, SLOW].map((file) => run.idOf(file)));
    const [busy, slow] = [records.get(run.idOf(BUSY)), records.get(run.idOf(SLOW))];
    // From its first renewal on, a lease is watched.
    const isHeld = slow?.checkpoint !== undefined && slow.watchAtMs !== undefined;
    const isSo = busy?.reason !== undefined && busy.leaseOwner === undefined && isHeld;
    return isSo ? undefined : JSON.stringify([busy, slow]);
  });
  return run;
}

it("status, jobs and timeline tell of a pipeline by the name of its stack, for people and for programs", async () => {
  const run = await startBusyRun();
  const operator = operatorOf(run);
  const on = ["--stack", run.pipeline.names.stack];
  const [held, status, jobs, waiting, failed, stored] = await Promise.all([
    operator("timeline", run.idOf(SLOW), ...on),
    operator("status", ...on, "--json"),
    operator("jobs", ...on, "--json"),
    operator("timeline", run.idOf(BUSY), ...on, "--json"),
    operator("jobs", ...on, "--state", "FAILED", "--reason", "404", "--newer-than", "1h"),
    operator("timeline", run.origin.urlOf(STORED), "--work", "e2e", "--artifact", "stored", ...on),
  ]);
  for (const each of [held, status, jobs, waiting, failed, stored]) expect(each).toMatchObject({ code: 0, err: "" });

  expect(held.out).toMatch(/^Lease {4}\S+ holds it under fence 1\. The lease ends, unless it is renewed, at /m);
  expect(held.out).toMatch(/^Bytes {4}The checkpoint has \d+\.0 MiB of 100\.0 MiB \(\d+ %\), staged since fence 1/m);
  expect(held.out).toMatch(/If the worker dies, the reconciler takes the lease away at its first run after /);

  expect(JSON.parse(status.out)).toMatchObject({
    stack: run.pipeline.names.stack,
    queues: { dead_letters: { waiting: 1, delayed: 0, in_flight: 0 } },
    gate: null,
    jobs: { due: 0, is_complete: true },
    hosts_waited_for: null,
  });

  const lines = linesOf(jobs.out);
  const found = new Map(lines.map(({ job_id: id, ...rest }) => [id, rest]));
  expect(found.get(run.idOf(STORED))).toMatchObject({ state: "INDEXED", situation: "stored", bytes: 3 * KIB });
  expect(found.get(run.idOf(GONE))).toMatchObject({ state: "FAILED", situation: "failed", reason: "http_404" });
  expect(found.get(run.idOf(BUSY))).toMatchObject({ situation: "parked", reason: "http_503", lease_owner: null });
  expect(found.get(run.idOf(SLOW))).toMatchObject({ state: "STREAMING", situation: "held", fence: 1 });
  // The four jobs, and the index entry of the one that is stored.
  expect(lines.at(-1)).toMatchObject({ type: "summary", jobs: 4, is_complete: true, scanned: 5 });

  expect(JSON.parse(waiting.out)).toMatchObject({
    job_id: run.idOf(BUSY),
    situation: "parked",
    record: { pk: `JOB#${run.idOf(BUSY)}`, reason: "http_503" },
    story: { next: [expect.stringContaining("because its last attempt ended with http_503"), expect.anything()] },
  });

  expect(failed.out).toMatch(
    new RegExp(`^FAILED +failed +\\S+ s +${run.idOf(GONE)} {2}origin:http_404 {2}http\\S+$`, "m"),
  );
  expect(failed.out).toMatch(/^1 job\. Scanned 5 items for \S+ read units?\.\n$/m);

  expect(stored.out).toContain(`SHA-256 ${originSha256(STORED)}.`);
  expect(stored.out).toMatch(/^Next {5}Nothing\. It is done\./m);
});

it("gate, hosts and redrive change a pipeline by the name of its stack", async () => {
  const run = await startRun(await startSurroundings());
  const operator = operatorOf(run);
  const on = ["--stack", run.pipeline.names.stack];
  const signed = [...on, "--by", "ada", "--reason", "INC-7"];
  const mended: OriginFile = { name: "mended", size: 3 * KIB, failFirst: 1, failStatus: 404, failMethod: "GET" };
  await run.submit([mended]);
  await run.untilTerminal([run.idOf(mended)]);

  const gate = await operator("gate", "set", "100", ...signed, "--json");
  expect(gate).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(gate.out)).toMatchObject({ version: 1, percent: 100, phase: "set" });
  const rule = await operator("hosts", "set", "a.example", "2/s", ...signed);
  expect(rule).toMatchObject({ code: 0, err: "" });
  const status = await operator("status", ...on);
  expect(status).toMatchObject({ code: 0, err: "" });
  expect(status.out).toContain("At most 100 % of jobs take the exactly-once path: set by hand (version 1).");
  expect(status.out).toContain("Operators have set 1 rule of hosts.");
  expect(status.out).toContain("Which hosts jobs wait for is not known: connect ECONNREFUSED 127.0.0.1:9");

  const elsewhere = await operator("redrive", "failed", ...on, "--host", "other.example", "--work", "e2e");
  expect(elsewhere).toMatchObject({ code: 0, out: expect.stringMatching(/^0 jobs reopened\./) });
  const of = ["--host", new URL(run.origin.urlOf(mended)).host, "--work", "e2e"];
  const redriven = await operator("redrive", "failed", ...on, ...of, "--json");
  expect(redriven.code).toBe(0);
  expect(linesOf(redriven.out)).toMatchObject([
    { type: "job", outcome: "reopened", job_id: run.idOf(mended), failure_class: "origin", reason: "http_404" },
    { type: "summary", reopened: 1, changed: 0, selected: 0, is_complete: true },
  ]);
  await run.untilTerminal([run.idOf(mended)]);
  const told = await operator("timeline", run.idOf(mended), ...on);
  expect(told.out).toMatch(
    /^State {4}INDEXED, after 2 attempts\.\n {9}Operators reopened it 1 time; it had failed with http/m,
  );
});

it("open gives an address of a stored file, and verify finds what the bucket has lost", async () => {
  const run = await startRun(await startSurroundings());
  const operator = operatorOf(run);
  const on = ["--stack", run.pipeline.names.stack];
  const files = [STORED, { name: "other", size: 5 * KIB }];
  await run.submit(files);
  await run.untilTerminal(files.map((file) => run.idOf(file)));

  const [opened, whole] = await Promise.all([
    operator("open", run.idOf(STORED), ...on, "--for", "15m"),
    operator("verify", ...on, "--json"),
  ]);
  expect(opened).toMatchObject({ code: 0, err: "" });
  const got = await fetch(opened.out.trim());
  expect(got.headers.get("content-disposition")).toBe("attachment; filename=stored");
  const content = Buffer.from(await got.arrayBuffer());
  expect(createHash("sha256").update(content).digest("hex")).toBe(originSha256(STORED));
  expect(whole).toMatchObject({ code: 0, err: "" });
  expect(linesOf(whole.out)).toMatchObject([{ entries: 2, objects: 2, missing: 0, size: 0, is_whole: true }]);

  await rm(join(run.outDir, "content", contentKey(originSha256(STORED))));
  const lost = await operator("verify", ...on, "--json");
  expect(lost.code).toBe(1);
  expect(linesOf(lost.out)).toMatchObject([
    { type: "missing", key: contentKey(originSha256(STORED)), job_id: run.idOf(STORED), bytes: 3 * KIB, there: null },
    { type: "summary", entries: 2, objects: 1, missing: 1, is_whole: false },
  ]);
});

describe("what goes wrong is told in a sentence, and by the exit code", () => {
  let endpoint = "";
  beforeAll(async () => {
    const cloudFormation = await startCloudFormation({ stacks: {} });
    ({ endpoint } = cloudFormation);
    return async () => cloudFormation.stop();
  });

  it.each<[string, string[], NodeJS.ProcessEnv, number, RegExp]>([
    [
      "no stack is named",
      ["status"],
      {},
      2,
      /^required option '--stack <NAME>' not specified\nTry: npm start -- status/,
    ],
    ["another stack is named", ["jobs", "--stack", "prod"], {}, 2, /^There is no stack prod in the region us-east-1\./],
    [
      "no region",
      ["status", "--stack", "x"],
      { AWS_REGION: "", AWS_CONFIG_FILE: "/dev/null" },
      1,
      /^No region is named\./,
    ],
    [
      "no credentials",
      ["status", "--stack", "x"],
      { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_EC2_METADATA_DISABLED: "true", HOME: "/nowhere" },
      1,
      /^There are no AWS credentials\. Set AWS_PROFILE/,
    ],
    [
      "AWS cannot be reached",
      ["hosts", "top", "--stack", "x"],
      { AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_MAX_ATTEMPTS: "1" },
      1,
      /^The stack x in the region us-east-1 cannot be read: Error: connect ECONNREFUSED 127\.0\.0\.1:9\. Check the/,
    ],
  ])("%s", async (_what, args, env, code, sentence) => {
    const account = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
    const environment = { PATH: process.env["PATH"], AWS_ENDPOINT_URL: endpoint, ...account, ...env };
    expect(await fetchonce(environment, args)).toEqual({ code, out: "", err: expect.stringMatching(sentence) });
  });
});
