/** The deployed pipeline at work in ministack: real messages, deployed bundles, kills, and the operator's commands. */
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { gateAdmits } from "../../../core/gate/gate.ts";
import { DOCUMENT_TRUSTED_MS } from "../../../core/document/document-reader.ts";
import { announcement, failure } from "../../../core/model/announcement.ts";
import { contentKey, jobIdOf } from "../../../core/model/keys.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import type { JobRecord } from "../../../core/model/record.ts";
import { isTerminal } from "../../../core/model/states.ts";
import { originSha256 } from "../../../local/origin/content.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { startOrigin, type Origin } from "../../../local/origin/server.ts";
import { faultOfLine } from "../../event-check.ts";
import { until } from "../../embedded-aws/until.ts";
import { ACCOUNT, REGION } from "../emulator.ts";
import { synthesizeQuickDev } from "./assembly.ts";
import { putList, putWrongList, submitBatch } from "./batch.ts";
import { Deployed, eventsIn } from "./deployed.ts";
import { type LateFiles, startLateFiles } from "./late-files.ts";
import { PAGES, runPage } from "./documented.ts";
import { kill, startMinistack, type Ministack } from "./ministack.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const FILES = 200;
/** The first 20 files have the same bytes; the next 4 have five parts each. */
const COPIES = 20;
const BIG = 4;
/** Of every 16 messages one is sent twice. */
const REPEATED_EVERY = 16;
/** All workers are killed when a big file has a checkpoint, and again at each of these counts of terminal jobs. */
const KILLED_AT = [30, 60, 90];
/** A lease ends after 15 s, the reconciler runs every 60 s, and a message is delivered again after 80 s. */
const LONGEST_HEALING_MS = 240_000;
const LONGEST_DOWNLOAD_MS = 60_000;

const files: readonly OriginFile[] = Array.from({ length: FILES }, (_, index): OriginFile => {
  const name = `file-${index}`;
  if (index < COPIES) return { name, size: 30 * KIB, content: "the same in all copies", delayMs: 100 };
  if (index < COPIES + BIG) return { name, size: 20 * MIB + index, rate: 3 * MIB };
  return { name, size: index * KIB, delayMs: 150 };
});
const more = (prefix: string, count: number): readonly OriginFile[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${prefix}-${index}`, size: 5 * KIB }));
const unguarded = more("gate-off", 20);
const halfGuarded = more("gate-50", 40);
/** These two answer 404 until the test makes them appear. */
const lateFile: OriginFile = { name: "late", size: 7 * KIB };
const lateUnguardedFile: OriginFile = { name: "late-unguarded", size: 6 * KIB };

const end = new AsyncDisposableStack();
let emulator: Ministack;
let deployed: Deployed;
let origin: Origin;
let late: LateFiles;
const LISTENER = "announcements";
/** The URL of a queue of the test, which gets every event of the pipeline's bus. */
let announcements: string;

const messageOf = (file: OriginFile): JobMessage => ({
  work_id: "deployed",
  artifact_id: file.name,
  url: late.has(file) ? late.urlOf(file) : origin.urlOf(file),
});

/** What the content bucket must hold: a line per object, its key and the SHA-256 of its bytes. */
const contentOf = (all: readonly OriginFile[]): readonly string[] =>
  [...new Set(all.map((file) => originSha256(file)))].map((sha256) => `${contentKey(sha256)} ${sha256}`).toSorted();
const storedContent = async (): Promise<readonly string[]> =>
  [...(await deployed.content())].map(([key, sha256]) => `${key} ${sha256}`).toSorted();

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-pipeline-"));
  end.defer(async () => rm(folder, { recursive: true, force: true }));
  origin = await startOrigin();
  end.defer(async () => origin.stop());
  late = await startLateFiles([lateFile, lateUnguardedFile], origin);
  end.defer(() => late.stop());
  const assembly = await synthesizeQuickDev(folder);
  emulator = end.use(await startMinistack());
  deployed = await Deployed.deploy(emulator, assembly);
  announcements = await deployed.subscribe(LISTENER);
});
afterAll(async () => end.disposeAsync());
beforeEach(({ onTestFailed }) => onTestFailed(async () => console.error(await emulator.lastWords())));

describe("the deployed pipeline", () => {
  let records: ReadonlyMap<string, JobRecord>;

  it("downloads 200 files byte for byte while all of its workers are killed four times", async () => {
    const repeated = files.filter((_, index) => index % REPEATED_EVERY === 0);
    const messages = [...files, ...repeated, lateFile].map(messageOf);
    const startMs = Date.now();
    let lastKillMs = 0;
    let killed = 0;
    let stagedAtKills = 0;
    const killsAhead: ((jobs: readonly JobRecord[]) => boolean)[] = [
      (jobs) => jobs.some(({ checkpoint }) => checkpoint !== undefined),
      ...KILLED_AT.map((count) => (jobs: readonly JobRecord[]) => {
        return jobs.filter(({ state }) => isTerminal(state)).length >= count;
      }),
    ];
    await deployed.submit(messages);
    records = await deployed.untilTerminal(messages, LONGEST_HEALING_MS, async (seen) => {
      if (killsAhead[0]?.([...seen.values()]) !== true) return;
      killsAhead.shift();
      const pids = await emulator.pidsOf(deployed.outputs.WorkerFunctionName);
      for (const pid of pids) kill(pid);
      killed += pids.length;
      stagedAtKills += (await deployed.staging()).length;
      lastKillMs = Date.now();
    });
    // By the reconciler, and by workers that took over from the dead.
    const { ReconcilerFunctionName, WorkerFunctionName } = deployed.outputs;
    const logs = [ReconcilerFunctionName, WorkerFunctionName];
    const recovered = (await Promise.all(logs.map(async (name) => deployed.logOf(name))))
      .flatMap((log) => eventsIn(log))
      .filter(({ event }) => event === "crash_recovery_event")
      .reduce((sum, { recovered_leases }) => sum + Number(recovered_leases), 0);
    const again = [...records.values()].filter(({ attempts }) => attempts > 1).length;
    const resumedBytes = [...records.values()].reduce((sum, record) => sum + record.resumedBytes, 0);
    console.info(
      `${messages.length} messages, ${records.size} jobs, all terminal after ${Date.now() - startMs} ms, ` +
        `${Date.now() - lastKillMs} ms after the last kill. ${killed} workers were killed and left ${stagedAtKills} ` +
        `objects and uploads in staging. ${recovered} leases were recovered; ${again} jobs took more than ` +
        `one attempt; ${resumedBytes / MIB} MiB were not fetched again.`,
    );

    expect(killsAhead).toEqual([]);
    expect(killed).toBeGreaterThanOrEqual(KILLED_AT.length);
    expect(stagedAtKills).toBeGreaterThan(0);
    expect(recovered).toBeGreaterThan(0);
    expect(again).toBeGreaterThan(0);
    expect(resumedBytes).toBeGreaterThan(0);
    const stateOf = (file: OriginFile): string => records.get(jobIdOf(messageOf(file)))?.state ?? "no record";
    expect(files.slice(0, COPIES).map(stateOf).toSorted()).toEqual([
      ...Array.from({ length: COPIES - 1 }, () => "DEDUPED"),
      "INDEXED",
    ]);
    expect(new Set(files.slice(COPIES).map(stateOf))).toEqual(new Set(["INDEXED"]));
    expect(records.get(jobIdOf(messageOf(lateFile)))).toMatchObject({ state: "FAILED", reason: "http_404" });
    expect(await storedContent()).toEqual(contentOf(files));
  });

  it("announces each stored file, and the one that failed, on the event bus", async () => {
    const stored = files.map((file) => `${jobIdOf(messageOf(file))} ${originSha256(file)}`);
    const expected = [...stored, `${jobIdOf(messageOf(lateFile))} http_404`];
    const heard = new Set<string>();
    await until("every end of a job is announced", LONGEST_DOWNLOAD_MS, async () => {
      for (const body of await deployed.bodies(announcements)) {
        const { detail } = z.object({ detail: z.union([announcement, failure]) }).parse(JSON.parse(body));
        heard.add(`${detail.id} ${detail.state === "FAILED" ? detail.reason : detail.sha256}`);
      }
      const missing = expected.filter((line) => !heard.has(line)).length;
      return missing === 0 ? undefined : `${missing} of ${expected.length} are missing`;
    });
    expect(heard.size).toBe(expected.length);
  });

  it("follows a list that is submitted to its end, writes the report and tells of it on the event bus", async () => {
    const urls = files.slice(0, 3).map((file) => messageOf(file).url);
    const told = await submitBatch(deployed, urls, announcements);
    expect(told).toMatchObject({ lines: 3, indexed: 0, deduped: 3, failed: 0, reasons: {} });
  });

  it("makes a batch of a list that is put into S3, and tells why it refuses another one", async () => {
    const urls = files.slice(0, 3).map((file) => messageOf(file).url);
    const told = await putList(deployed, urls, announcements);
    expect(told).toMatchObject({ lines: 3, indexed: 0, deduped: 3, failed: 0, reasons: {} });
    const refused = await putWrongList(deployed, `${urls[0]}\nno URL\n`, announcements);
    expect(refused).toMatchObject({ reason: expect.stringMatching(/^1 problem/) as string });
    expect(refused.problems).toEqual([expect.stringContaining("line 2, url") as string]);
  });

  it("tells each step of one job from the logs by `npm start -- tail`", async () => {
    const jobId = jobIdOf(messageOf(files[0] as OriginFile));
    const asked = ["tail", jobId, "--stack", deployed.stack, "--since", "1h", "--no-follow", "--json"];
    const { code, err, out } = await deployed.npm("start", ...asked);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const said = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(new Set(said.map((line) => line["job_id"]))).toEqual(new Set([jobId]));
    expect(said).toContainEqual(expect.objectContaining({ function: "worker", what: "job_planned" }));
    const ends = said.filter((line) => line["to_state"] === "INDEXED" || line["to_state"] === "DEDUPED");
    expect(ends).toMatchObject([{ what: "job_state_changed", from_state: "FINALIZED" }]);
  });

  it("completes a failed job after `npm run redrive -- failed` once its file has appeared", async () => {
    late.appear(lateFile);
    const { code, out, err } = await deployed.npm("redrive", "failed", "--stack", deployed.stack);
    expect({ code, err: err.includes("Stopped") }).toEqual({ code: 0, err: false });
    expect(out).toContain(`reopened  ${jobIdOf(messageOf(lateFile))}  origin  http_404`);
    expect(out).toContain("1 job reopened.\n");
    const done = await deployed.untilTerminal([messageOf(lateFile)], LONGEST_DOWNLOAD_MS);
    // A worker that was killed may have had it, too.
    const attempts = records.get(jobIdOf(messageOf(lateFile)))?.attempts ?? 0;
    expect([...done.values()]).toMatchObject([{ state: "INDEXED", attempts: attempts + 1 }]);
    expect(await storedContent()).toEqual(contentOf([...files, lateFile]));
  });

  it("stores files without job records from 30 s after `npm run gate -- off`", async () => {
    await gate("off");
    await sleep(DOCUMENT_TRUSTED_MS);
    const messages = [...unguarded, lateUnguardedFile].map(messageOf);
    await deployed.submit(messages);
    const expected = contentOf([...files, lateFile, ...unguarded]);
    await untilStored(expected);
    await deployed.untilEmpty(deployed.outputs.QueueUrl, LONGEST_DOWNLOAD_MS);
    expect(await deployed.records(messages)).toEqual(new Map());
    expect(await storedContent()).toEqual(expected);
  });

  it("stores the file of a dead letter after `npm run redrive -- dead-letters`", async () => {
    const { DeadLetterQueueUrl, QueueUrl } = deployed.outputs;
    expect(await deployed.depth(DeadLetterQueueUrl)).toBe(1);
    late.appear(lateUnguardedFile);
    const { code, out } = await deployed.npm("redrive", "dead-letters", "--from", DeadLetterQueueUrl, "--to", QueueUrl);
    expect(code).toBe(0);
    expect(out).toContain("reason: http_404\n1 message sent again.\n");
    await untilStored(contentOf([...files, lateFile, ...unguarded, lateUnguardedFile]));
    expect(await deployed.depth(DeadLetterQueueUrl)).toBe(0);
  });

  it("keeps records of the admitted half of the jobs from 30 s after `npm run gate -- set 50`", async () => {
    await gate("set", "50");
    await sleep(DOCUMENT_TRUSTED_MS);
    const messages = halfGuarded.map(messageOf);
    await deployed.submit(messages);
    const expected = contentOf([...files, lateFile, ...unguarded, lateUnguardedFile, ...halfGuarded]);
    await untilStored(expected);
    const admitted = messages.filter((message) => gateAdmits(50, jobIdOf(message)));
    await deployed.untilTerminal(admitted, LONGEST_DOWNLOAD_MS);
    expect([...(await deployed.records(messages)).keys()].toSorted()).toEqual(admitted.map(jobIdOf).toSorted());
    expect(admitted.length).toBeGreaterThan(0);
    expect(admitted.length).toBeLessThan(messages.length);
  });

  it("reports the gate and its history by `npm run gate -- status`", async () => {
    const { code, out } = await deployed.npm("gate", "status", "--table", deployed.outputs.TableName);
    expect(code).toBe(0);
    expect(out).toMatch(/^At most 50 % of jobs take the exactly-once path: set by hand \(version 2\)\.$/m);
    expect(out).toMatch(/^ {2}2 .* 0 % -> 50 % {2}set, by the test: as an operator does$/m);
    expect(out).toMatch(/^ {2}1 .* none -> 0 % {2}off, by the test: as an operator does$/m);
  });

  it("leaves no objects and no uploads in staging and no messages in its queues", async () => {
    const { DeadLetterQueueUrl, QueueUrl, StreamDeadLetterQueueUrl } = deployed.outputs;
    await deployed.untilEmpty(QueueUrl, LONGEST_HEALING_MS);
    await until("staging is empty", LONGEST_HEALING_MS, async () => {
      const litter = await deployed.staging();
      return litter.length === 0 ? undefined : JSON.stringify(litter);
    });
    expect(await deployed.depth(DeadLetterQueueUrl)).toBe(0);
    expect(await deployed.depth(StreamDeadLetterQueueUrl)).toBe(0);
  });

  it("writes valid telemetry and is never refused by IAM or by a resource policy", async () => {
    const names = await deployed.functionNames();
    const lines = (await Promise.all(names.map(async (name) => deployed.logOf(name)))).flat();
    expect(eventsIn(lines).length).toBeGreaterThan(FILES);
    expect(eventsIn(lines).flatMap((line) => faultOfLine(line) ?? [])).toEqual([]);
    expect(lines.filter((line) => /AccessDenied|not authorized/.test(line))).toEqual([]);
  });

  it.each(PAGES)("does what the commands of %s ask for", async (page) => {
    const [stored = lateFile] = files;
    const listener = `arn:aws:sqs:${REGION}:${ACCOUNT}:${LISTENER}`;
    const reader = { deployed, jobId: jobIdOf(messageOf(stored)), url: origin.urlOf(stored), listener };
    // A command that finds nothing prints nothing.
    await expect(runPage(page, reader)).resolves.toBeTypeOf("string");
  });

  it("fails without its role's policy, and the content bucket refuses deletion even by an administrator", async () => {
    const { ReconcilerFunctionName: name } = deployed.outputs;
    expect(await deployed.invoke(name)).not.toHaveProperty("errorMessage");
    await deployed.withoutPolicies(name, async () => {
      expect(await deployed.invoke(name)).toMatchObject({ errorMessage: expect.stringMatching(/not authorized/) });
    });
    expect(await deployed.invoke(name)).not.toHaveProperty("errorMessage");
    const [key = ""] = (await deployed.content()).keys();
    const s3 = await deployed.s3OfAdministrator();
    const object = { Bucket: deployed.outputs.ContentBucketName, Key: key };
    await expect(s3.send(new GetObjectCommand(object))).resolves.toBeDefined();
    await expect(s3.send(new DeleteObjectCommand(object))).rejects.toThrow(/explicit deny/);
    const onlyIfNew = new PutObjectCommand({ ...object, Body: "other", IfNoneMatch: "*" });
    await expect(s3.send(onlyIfNew)).rejects.toThrow(/pre-?condition/i);
  });
});

async function gate(...command: readonly string[]): Promise<void> {
  const signed = ["--table", deployed.outputs.TableName, "--by", "the test", "--reason", "as an operator does"];
  const { code, out, err } = await deployed.npm("gate", ...command, ...signed);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^At most \d+ % of jobs take the exactly-once path/);
}

async function untilStored(expected: readonly string[]): Promise<void> {
  await until("every file is stored", LONGEST_DOWNLOAD_MS, async () => {
    const keys = await deployed.contentKeys();
    const missing = expected.filter((line) => !keys.includes(line.split(" ")[0] ?? ""));
    return missing.length === 0 ? undefined : `${missing.length} are missing`;
  });
}
