/** `fetchonce submit` as a process: killed on the way to a real queue, and with a whole system behind it. */
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
  type Message,
} from "@aws-sdk/client-sqs";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { parquetWriteBuffer } from "hyparquet-writer";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { jobIdOf } from "../../core/producer/check-job.ts";
import type { Job } from "../../core/producer/job.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { ChildProgram, moduleOf } from "../child-program.ts";
import { Command } from "../e2e/get/support.ts";
import { KIB, startRun, startSurroundings } from "../e2e/support.ts";
import { depthOf } from "../embedded-aws/aws/queues.ts";

const JOBS = 20_000;
const KILLED_AT = [3_000, 9_000, 15_000];
/** Jobs that are not saved yet, and those of 16 requests. */
const MOST_TWICE_A_KILL = 2_000 + 160;
const QUEUE_PROGRAM = `
  const { startSqs } = await import(${moduleOf("test/embedded-aws/aws/sqs.ts")});
  console.log((await startSqs()).endpoint);
`;

const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-submit-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** Takes all messages out of the queue. */
async function drained(sqs: SQSClient, QueueUrl: string): Promise<readonly Message[]> {
  const all: Message[] = [];
  const drain = async (): Promise<void> => {
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return;
      all.push(...Messages);
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  };
  await Promise.all(Array.from({ length: 8 }, drain));
  return all;
}

it("kill -9 three times on the way: every job of 20,000 lines is in the queue, and few are twice", async () => {
  const queue = new ChildProgram(QUEUE_PROGRAM);
  onTestFinished(async () => queue[Symbol.asyncDispose]());
  const folder = await temporaryFolder();
  const environment = {
    AWS_ENDPOINT_URL: await queue.line(),
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    XDG_STATE_HOME: folder,
  };
  const sqs = new SQSClient({
    endpoint: environment.AWS_ENDPOINT_URL,
    region: environment.AWS_REGION,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "work" }));
  const urls = Array.from({ length: JOBS }, (_, index) => `https://host-${index % 50}.example/files/${index}`);
  const list = join(folder, "urls.txt");
  await writeFile(list, urls.join("\n"));
  const submit = (): Command => new Command(["submit", list, "--queue-url", QueueUrl], { env: environment, input: "" });

  for (const enough of KILLED_AT) {
    const command = submit();
    while ((await depthOf(sqs, QueueUrl)).visible < enough) expect(command.process.exitCode).toBeNull();
    command.process.kill("SIGKILL");
    expect((await command.ended()).code).toBe(-1);
  }
  const ended = await submit().ended();
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toMatch(/^Going on: \d+ of 20000 jobs of .*\n/);
  expect(ended.stdout).toMatch(/All 20000 jobs of .* are in the queue\nId: [0-9a-f]{32}\n$/);
  expect((await submit().ended()).stdout).toContain("All 20000 jobs");

  const messages = await drained(sqs, QueueUrl);
  const ids = new Set(messages.map(({ Body = "" }) => jobIdOf(JSON.parse(Body) as Job)));
  expect(ids).toEqual(new Set(urls.map((url) => jobIdOf({ url }))));
  expect(messages.length - JOBS).toBeLessThanOrEqual(KILLED_AT.length * MOST_TWICE_A_KILL);
});

it("sends a list to the system whose stack is named, whose workers do what it says", async () => {
  const run = await startRun(await startSurroundings());
  const files: readonly OriginFile[] = Array.from({ length: 12 }, (_, index) => ({
    name: `${index}.bin`,
    size: KIB + index,
  }));
  const folder = await temporaryFolder();
  const list = join(folder, "list.csv");
  await writeFile(list, ["link,note", ...files.map((file) => `${run.origin.urlOf(file)},mine`)].join("\n"));
  const ended = await new Command(["submit", list, "--url-column", "link", "--stack", run.pipeline.names.stack], {
    env: { ...run.pipeline.environment, XDG_STATE_HOME: folder },
    input: "",
  }).ended();
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const ids = files.map((file) => jobIdOf({ url: run.origin.urlOf(file) }));
  const records = await run.untilTerminal(ids);
  expect([...records.values()].map(({ order, state }) => [state, order?.metadata])).toEqual(
    files.map(() => ["INDEXED", { note: "mine" }]),
  );
});

it("names the stacks that there are if the stack is none of ours, and sends nothing", async () => {
  const run = await startRun({ ...(await startSurroundings()), workers: 1 });
  const list = join(await temporaryFolder(), "urls.txt");
  await writeFile(list, "https://example.org/a\n");
  const ended = await new Command(["submit", list, "--stack", "nobodys"], {
    env: run.pipeline.environment,
    input: "",
  }).ended();
  expect(ended.stderr).toContain(`Those of fetchonce there: ${run.pipeline.names.stack}`);
  expect(ended.code).toBe(2);
});

it("sends a list that lies in S3, in Parquet too, which is read from its end", async () => {
  const run = await startRun(await startSurroundings());
  const files: readonly OriginFile[] = Array.from({ length: 3 }, (_, index) => ({
    name: `${index}.bin`,
    size: KIB + index,
  }));
  const Body = Buffer.from(
    parquetWriteBuffer({ columnData: [{ name: "url", data: files.map((file) => run.origin.urlOf(file)) }] }),
  );
  const Bucket = "lists-of-this-test";
  await run.pipeline.clients.s3.send(new CreateBucketCommand({ Bucket }));
  await run.pipeline.clients.s3.send(new PutObjectCommand({ Bucket, Key: "a/list", Body }));
  const submit = async (list: string) =>
    new Command(["submit", list, "--stack", run.pipeline.names.stack], {
      env: { ...run.pipeline.environment, XDG_STATE_HOME: await temporaryFolder() },
      input: "",
    }).ended();
  expect(await submit(`s3://${Bucket}/a/list`)).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringContaining(`All 3 jobs of s3://${Bucket}/a/list are in the queue`),
  });
  const records = await run.untilTerminal(files.map((file) => jobIdOf({ url: run.origin.urlOf(file) })));
  expect([...records.values()].map(({ state }) => state)).toEqual(files.map(() => "INDEXED"));
  const missing = await submit(`s3://${Bucket}/none`);
  expect(missing.stderr).toMatch(/^Cannot read the list s3:\/\/.*\/none: NoSuchKey.*s3:GetObject/);
  expect(missing.code).toBe(2);
});
