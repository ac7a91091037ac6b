/** Both clients send to a real queue of the embedded AWS, and the bundled workers do what they say. */
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { installedPackages } from "../../../bench/harness/installed.ts";
import { jobIdOf } from "../../../core/producer/check-job.ts";
import type { Job } from "../../../core/producer/job.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { Producer } from "../../../package/producer.ts";
import { KIB, type Run, startRun, startSurroundings } from "../../e2e/support.ts";

const run = promisify(execFile);
const PROGRAMS = import.meta.dirname;
const ROOT = join(import.meta.dirname, "../../..");
const FILES: readonly OriginFile[] = Array.from({ length: 23 }, (_, index) => ({
  name: `${index} ü.bin`,
  size: KIB + index,
}));

/** boto3 has a variable of its own for it. */
const regionOf = ({ pipeline }: Pick<Run, "pipeline">): NodeJS.ProcessEnv => ({
  AWS_DEFAULT_REGION: pipeline.environment["AWS_REGION"],
});

interface End {
  readonly index: number;
  readonly job_id?: string | null | undefined;
  /** The name of the error, or the code of the queue. */
  readonly error: string | null;
}

type Send = (run: Run, queueUrl: string, jobs: readonly Job[]) => Promise<readonly End[]>;

const byTypeScript: Send = async ({ pipeline }, QueueUrl, jobs) => {
  const { sqs } = pipeline.clients;
  const producer = new Producer({
    sendBatch: async (Entries) => sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })),
  });
  const ends: End[] = [];
  for await (const { error, index, job_id } of producer.sendAll(jobs)) {
    const code = error && "refused" in error ? error.refused[0]?.code : error?.name;
    ends.push({ index, job_id, error: code ?? null });
  }
  return ends;
};

const sendPython =
  (python: string): Send =>
  async ({ pipeline }, queueUrl, jobs) => {
    const env = { ...pipeline.environment, ...regionOf({ pipeline }), QUEUE_URL: queueUrl };
    const child = spawn(python, [join(PROGRAMS, "send.py")], { env, stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(jobs.map((job) => `${JSON.stringify(job)}\n`).join(""));
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    const [code] = await once(child, "close");
    expect(code).toBe(0);
    return out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as End);
  };

/** An interpreter with boto3: the machine's own, or one in the user's cache. */
async function pythonWithBoto3(): Promise<{ readonly python?: string; readonly trouble?: string }> {
  try {
    await run("python3", ["-c", "import boto3"]);
    return { python: "python3" };
  } catch {
    try {
      return { python: join(await installedPackages("boto3", join(PROGRAMS, "requirements.txt")), "python") };
    } catch (error) {
      return { trouble: `There is no python3 with boto3, so the Python client is NOT tested: ${String(error)}` };
    }
  }
}

/** The first program of the page in that language, as a reader runs it, but for the addresses. */
async function programOfPage(language: "ts" | "python", queueUrl: string, urls: readonly string[]): Promise<string> {
  const page = await readFile(join(ROOT, "docs/producers.md"), "utf8");
  const [, program = ""] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page) ?? [];
  const told = program.replace("<QueueUrl>", queueUrl).replace('"fetchonce"', '"./package/producer.ts"');
  return `${language === "ts" ? "const " : ""}urls = ${JSON.stringify(urls)}\n${told}`;
}

const { python, trouble } = await pythonWithBoto3();

describe.each([
  {
    client: "TypeScript",
    send: byTypeScript,
    missing: undefined,
    language: "ts" as const,
    command: [process.execPath, "--input-type=module-typescript", "--eval"],
  },
  {
    client: "Python",
    send: sendPython(python ?? ""),
    missing: trouble,
    language: "python" as const,
    command: [python ?? "", "-B", "-c"],
  },
])("the $client client", ({ command, language, missing, send }) => {
  beforeEach(({ skip }) => skip(missing !== undefined, missing));

  it("sends jobs that end under the ids that it told, twice the same, and each file is fetched once", async () => {
    const started = await startRun(await startSurroundings());
    const jobs = FILES.map((file) => ({ ...started.messageOf(file), metadata: { name: file.name } }));
    const ends = [...(await send(started, started.pipeline.names.queueUrl, [...jobs, ...jobs]))];
    ends.sort((one, other) => one.index - other.index);
    const ids = FILES.map((file) => started.idOf(file));
    expect(ends).toEqual([...ids, ...ids].map((job_id, index) => ({ index, job_id, error: null })));
    const records = await started.untilDone(FILES);
    expect([...records.values()].map(({ state }) => state)).toEqual(FILES.map(() => "INDEXED"));
    for (const file of FILES)
      expect(started.origin.requestsOf(file).filter(({ method }) => method === "GET")).toHaveLength(1);
    expect(await started.pipeline.deadLetters()).toEqual([]);
  });

  it("sends what the program of the page sends, and prints nothing", async () => {
    const started = await startRun(await startSurroundings());
    const files = FILES.slice(0, 12);
    const urls = files.map((file) => started.origin.urlOf(file));
    const { environment, names } = started.pipeline;
    const [program = "", ...args] = command;
    const ended = await run(program, [...args, await programOfPage(language, names.queueUrl, urls)], {
      cwd: ROOT,
      env: { ...environment, ...regionOf(started), PYTHONPATH: join(ROOT, "clients/python") },
    });
    expect(ended).toEqual({ stdout: "", stderr: "" });
    const records = await started.untilTerminal(urls.map((url) => jobIdOf({ url, work_id: "crawl-7" })));
    expect([...records.values()].map(({ state }) => state)).toEqual(files.map(() => "INDEXED"));
  });

  it("sends the host as the group, and says which job is not valid", async () => {
    const started = await startRun({ ...(await startSurroundings()), workers: 1 });
    const { sqs } = started.pipeline.clients;
    // Of its standard queues, fauxqs does not tell the groups.
    const fifo = { FifoQueue: "true", ContentBasedDeduplication: "true" };
    const { QueueUrl = "" } = await sqs.send(
      new CreateQueueCommand({ QueueName: "of-this-test.fifo", Attributes: fifo }),
    );
    const jobs = [{ url: "https://Example.org:8443/a" }, { url: "nowhere" }, { url: "https://bücher.example/漢" }];
    const ends = await send(started, QueueUrl, jobs);
    expect(ends.filter(({ error }) => error !== null)).toEqual([
      expect.objectContaining({ index: 1, error: expect.stringMatching(/^InvalidJob(Error)?$/) }),
    ]);
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["MessageGroupId"] }),
    );
    const got = Messages.map(
      ({ Attributes, Body = "" }) => `${Attributes?.MessageGroupId} ${(JSON.parse(Body) as Job).url}`,
    );
    expect(got.toSorted()).toEqual([`example.org:8443 ${jobs[0]?.url}`, `xn--bcher-kva.example ${jobs[2]?.url}`]);
  });

  it("gives up at once on a queue that does not exist, and says so of each job", async () => {
    const started = await startRun({ ...(await startSurroundings()), workers: 1 });
    const nowhere = `${started.pipeline.names.queueUrl}-not`;
    const ends = await send(started, nowhere, [{ url: "https://example.org/a" }, { url: "https://example.org/b" }]);
    expect(ends.map(({ error }) => error)).toEqual(
      Array(2).fill(expect.stringMatching(/QueueDoesNotExist|NonExistentQueue/)),
    );
    const asked = started.seen.requests.filter(({ operation }) => operation === "SendMessageBatch");
    expect(asked.filter(({ status }) => status === 400)).toHaveLength(1);
  });
});
