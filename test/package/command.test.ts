/** The command `fetchonce`, from the packed package, in a folder outside of the repository. */
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { originSha256 } from "../../local/origin/content.ts";
import { startCloudFormation } from "../embedded-aws/aws/cloudformation.ts";
import { depthOf } from "../embedded-aws/aws/queues.ts";
import { startSqs } from "../embedded-aws/aws/sqs.ts";
import { forEachTest, resultsIn, run, start } from "./support.ts";

const mine = forEachTest();
const fetchonce = join(inject("installed"), "node_modules/.bin/fetchonce");
const FILE = { name: "a.bin", size: 3_000_000 };

const NODES = [
  { name: "Node 22.13", ...inject("oldest") },
  { name: "Node 24", path: process.execPath },
];

describe.each(NODES)("on $name", ({ path: node = "", trouble = "" }) => {
  it("npx fetchonce get URL fetches the file, and says nothing on standard error", async ({ skip }) => {
    skip(node === "", trouble);
    const url = mine.origin.urlOf(FILE);
    const args = ["get", url, "--allow-private-hosts", "--out", mine.folder];
    const { code, stdout, stderr } = await run(node, "npx", "--offline", "fetchonce", ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("1 file, 2.9 MiB");
    const [result] = await resultsIn(mine.folder);
    const content = await readFile(join(mine.folder, "files", String(result?.["path"])));
    expect(createHash("sha256").update(content).digest("hex")).toBe(originSha256(FILE));
  });

  it("fetchonce submit sends a list with the AWS SDK that the package holds", async ({ skip }) => {
    skip(node === "", trouble);
    const sqs = await startSqs();
    onTestFinished(sqs.stop);
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const client = new SQSClient({ endpoint: sqs.endpoint, region: "eu-central-1", credentials });
    const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName: "work" }));
    const list = join(mine.folder, "urls.txt");
    await writeFile(list, "https://example.org/a\nhttps://example.org/b\n");
    vi.stubEnv("AWS_ENDPOINT_URL", sqs.endpoint);
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
    onTestFinished(() => void vi.unstubAllEnvs());
    const args = ["submit", list, "--queue-url", QueueUrl, "--progress", join(mine.folder, "progress.json")];
    const { code, stdout, stderr } = await run(node, fetchonce, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("All 2 jobs of");
    expect(await depthOf(client, QueueUrl)).toMatchObject({ visible: 2 });
  });

  it("a list in Parquet is read by the part of the program that is loaded for it", async ({ skip }) => {
    skip(node === "", trouble);
    const list = join(mine.folder, "list.parquet");
    const column = { name: "url", data: [mine.origin.urlOf(FILE)] };
    await writeFile(list, Buffer.from(parquetWriteBuffer({ columnData: [column] })));
    const { code, stderr } = await run(node, fetchonce, "get", list, "--allow-private-hosts", "--out", mine.folder);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await resultsIn(mine.folder)).toMatchObject([{ state: "INDEXED", bytes: FILE.size }]);
  });

  it("an operators' command speaks to AWS with the SDK that is loaded for it", async ({ skip }) => {
    skip(node === "", trouble);
    const cloudFormation = await startCloudFormation({ stacks: { "fetchonce-dev": { TableName: "jobs" } } });
    onTestFinished(async () => cloudFormation.stop());
    const keys = ["AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_REGION=eu-central-1"];
    const status = async (stack: string) => {
      const endpoint = `AWS_ENDPOINT_URL=${cloudFormation.endpoint}`;
      return run(node, "env", ...keys, endpoint, fetchonce, "gate", "status", "--stack", stack);
    };
    expect(await status("fetchonce-prod")).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^There is no stack fetchonce-prod in the region eu-central-1\. /),
    });
    expect(await status("fetchonce-dev")).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^The stack fetchonce-dev \(eu-central-1\) has no output QueueUrl: an older rel/),
    });
  });
});

it("a Node that knows no proxies says so where one is set, instead of going around it", async ({ skip }) => {
  const { path: node = "", trouble = "" } = inject("oldest");
  skip(node === "", trouble);
  const set = "HTTPS_PROXY=http://127.0.0.1:9";
  const { code, stderr } = await run(node, "env", set, fetchonce, "get", "https://a.example/", "--out", mine.folder);
  expect(stderr).toMatch(
    /^HTTPS_PROXY names a proxy, which needs Node 22\.21, 24\.5 or newer, and this is Node 22\.13\.\d+\./,
  );
  expect([code, await readdir(mine.folder)]).toEqual([2, []]);
});

describe("demo", () => {
  it("kills a worker, and nothing is lost; on the oldest Node that there is here", async () => {
    const node = inject("oldest").path ?? process.execPath;
    const { code, stdout, stderr } = await run(node, fetchonce, "demo", "--out", mine.folder);
    expect(stdout).toContain("Nothing was lost, nothing was done twice. Now your own: fetchonce get urls.txt\n");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("--dashboard", () => {
  it("serves the page with all its files", async () => {
    const url = mine.origin.urlOf({ ...FILE, delayMs: 2_000 });
    const args = ["get", url, "--allow-private-hosts", "--out", mine.folder, "--dashboard"];
    const dashboard = start(process.execPath, fetchonce, ...args);
    const address = (await dashboard.printed(/(?<=Dashboard: )\S+/)).trim();
    const page = await (await fetch(address)).text();
    const files = [...page.matchAll(/(?:src|href)="([^":]+)"/g)].map(([, file = ""]) => file);
    expect(files).toEqual(expect.arrayContaining(["/uplot.js", "/uplot.css", "/page.js", "/page.css"]));
    for (const file of files) expect((await fetch(new URL(file, address))).status).toBe(200);
    expect(await dashboard.ended).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("texts", () => {
  const print = async (...args: readonly string[]) => run(process.execPath, fetchonce, ...args);

  it("--version prints the package's version", async () => {
    expect(await print("--version")).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: "" });
  });

  it("without arguments, it prints the same as with --help: commands and examples", async () => {
    const help = await print("--help");
    expect(help.stdout).toContain("crawl | fetchonce get - --out pages");
    expect(await print()).toEqual(help);
  });

  it("a wrong option is answered with what to type for help", async () => {
    const { code, stderr } = await print("get", "--bogus");
    expect({ code, stderr }).toEqual({ code: 2, stderr: "unknown option '--bogus'\nTry: fetchonce get --help\n" });
  });

  it("a reader that goes away after the first line, like head -1, causes no error", async () => {
    const line = `set -o pipefail; ${fetchonce} | head -1`;
    const ended = await run(process.execPath, "bash", "-c", line);
    expect(ended).toEqual({ code: 0, stdout: "Usage: fetchonce [options] [command]\n", stderr: "" });
  });

  it("bash completes with the script that it prints", async () => {
    const line = `source <(${fetchonce} completion bash)
      COMP_WORDS=(fetchonce get --retr); COMP_CWORD=2; _fetchonce; echo "\${COMPREPLY[@]}"`;
    expect(await run(process.execPath, "bash", "-c", line)).toEqual({
      code: 0,
      stdout: "--retry-failed\n",
      stderr: "",
    });
  });

  it("a Node that is too old says so in one sentence", async ({ skip }) => {
    const { path: node = "", trouble = "" } = inject("tooOld");
    skip(node === "", trouble);
    const stderr = "fetchonce needs Node 22.13 or newer, and this is Node 20.19.0.\n";
    expect(await run(node, fetchonce, "get", "urls.txt")).toEqual({ code: 2, stdout: "", stderr });
  });
});
