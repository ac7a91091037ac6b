import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { startOrigin, type Origin } from "../../local/origin/server.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

interface Started {
  readonly process: ChildProcess;
  /** What was printed so far on both streams. */
  output(): string;
  exit(): Promise<number>;
}

/** `npm start -- ARGUMENTS`, as npm runs it. */
function start(args: readonly string[], input?: string): Started {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
  child.stdin.end(input ?? "");
  const exited = once(child, "close");
  return {
    process: child,
    output: () => output,
    exit: async () => {
      const [code] = (await exited) as [number | null];
      return code ?? -1;
    },
  };
}

let folder: string;
let origin: Origin;
let running: Started[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-cli-"));
  origin = await startOrigin();
  running = [];
});
afterEach(async () => {
  for (const { process: child } of running) child.kill("SIGKILL");
  await origin.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

async function run(args: readonly string[], input?: string): Promise<{ code: number; output: string }> {
  const started = start(args, input);
  running.push(started);
  const code = await started.exit();
  return { code, output: started.output() };
}

const results = async (): Promise<Record<string, unknown>[]> =>
  (await readFile(join(folder, "out/results.jsonl"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function manifest(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const out = (): string[] => ["--out", join(folder, "out"), "--allow-private-hosts", "--workers", "2"];

const FILES: readonly OriginFile[] = [
  { name: "empty.txt", size: 0 },
  { name: "small.bin", size: 1000 },
  { name: "large.bin", size: 9 * 2 ** 20 },
  { name: "copy.bin", size: 1000, content: "small.bin" },
];

describe("a manifest", () => {
  it("is downloaded, and the same manifest again downloads nothing and says so", async () => {
    const path = await manifest("list.txt", FILES.map((file) => origin.urlOf(file)).join("\n"));
    const first = await run([path, ...out()]);
    expect(first.output).toContain("4 jobs: 3 INDEXED, 1 DEDUPED");
    expect(first.code).toBe(0);
    const lines = await results();
    expect(lines).toHaveLength(FILES.length);
    for (const [index, file] of FILES.entries()) {
      const line = lines[index] ?? {};
      expect(line).toMatchObject({ url: origin.urlOf(file), bytes: file.size, attempts: 1, reason: null });
      expect(line["sha256"]).toBe(originSha256(file));
      const stored = await readFile(join(folder, "out/content", String(line["key"])));
      expect(stored).toHaveLength(file.size);
    }

    const requests = origin.requests.length;
    const second = await run([path, ...out()]);
    expect(second.output).toMatch(/4 of 4 .*nothing was fetched again/);
    expect(second.code).toBe(0);
    expect(origin.requests).toHaveLength(requests);
    expect(await results()).toHaveLength(4);
  });

  it.each([
    ["jsonl", (url: string) => JSON.stringify({ work_id: "w", artifact_id: "a 🙂", url })],
    ["csv", (url: string) => `url,artifact_id,work_id\n${url},a 🙂,w`],
  ])("may be a .%s file", async (extension, text) => {
    const path = await manifest(`list.${extension}`, text(origin.urlOf({ name: "small.bin", size: 10 })));
    expect((await run([path, ...out()])).code).toBe(0);
    expect(await results()).toMatchObject([{ work_id: "w", artifact_id: "a 🙂", state: "INDEXED", bytes: 10 }]);
  });

  it("may come on standard input, and is published even with the gate off", async () => {
    const line = JSON.stringify({ work_id: "w", artifact_id: "a", url: origin.urlOf({ name: "s", size: 10 }) });
    const { code } = await run(["-", ...out(), "--no-enable-idempotency"], line);
    expect(code).toBe(0);
    expect(await results()).toMatchObject([{ state: "PUBLISHED", sha256: originSha256({ name: "s", size: 10 }) }]);
  });

  it("with a job that fails ends with exit code 1 and the reason", async () => {
    const path = await manifest("list.txt", origin.urlOf({ name: "gone", size: 0, status: 404 }));
    const { code, output } = await run([path, ...out()]);
    expect(code).toBe(1);
    expect(output).toContain("404");
    expect(await results()).toMatchObject([{ state: "FAILED", reason: "http_404", sha256: null }]);
  });

  it("with an invalid line is refused before any request is sent, unless --skip-invalid is given", async () => {
    const good = JSON.stringify({ work_id: "w", artifact_id: "a", url: origin.urlOf({ name: "s", size: 10 }) });
    const path = await manifest("list.jsonl", `${good}\n{"work_id":"w","artifact_id":"b","url":"nowhere"}\n`);
    const refused = await run([path, ...out()]);
    expect(refused.code).toBe(2);
    expect(refused.output).toMatch(/list\.jsonl.*2.*url.*not an absolute URL/);
    expect(origin.requests).toHaveLength(0);

    const skipped = await run([path, ...out(), "--skip-invalid"]);
    expect(skipped.code).toBe(0);
    expect(await results()).toHaveLength(1);
  });
});

describe("wrong usage ends with exit code 2 and a sentence, never a stack trace", () => {
  it.each([
    ["an unknown option", ["--nope"], "unknown option '--nope'"],
    ["a file that does not exist", ["/nonexistent/list.txt"], "/nonexistent/list.txt"],
    ["an unknown kind of manifest", ["list.xml"], ".csv"],
    ["a number of workers that is not a number", ["list.txt", "--workers", "many"], "workers"],
  ])("%s", async (_name, args, sentence) => {
    const { code, output } = await run([...args, "--out", join(folder, "out")]);
    expect(code).toBe(2);
    expect(output).toContain(sentence);
    expect(output).not.toMatch(/^\s+at /m);
  });
});

it("Ctrl-C stops a run cleanly, and the next run resumes in the middle of the file", async () => {
  const slow: OriginFile = { name: "slow.bin", size: 32 * 2 ** 20, rate: 4 * 2 ** 20 };
  const path = await manifest("list.txt", origin.urlOf(slow));
  const interrupted = start([path, ...out()]);
  running.push(interrupted);
  const served = () =>
    origin.requestsOf(slow).reduce((sum, { method, bytes }) => sum + (method === "GET" ? bytes : 0), 0);
  await expect.poll(served, { timeout: 60_000, interval: 50 }).toBeGreaterThan(12 * 2 ** 20);
  interrupted.process.kill("SIGINT");
  expect(await interrupted.exit()).toBe(130);
  expect(interrupted.output()).toContain("Run the same command again to continue where this run stopped.");

  const { code } = await run([path, ...out()]);
  expect(code).toBe(0);
  expect(await results()).toMatchObject([{ state: "INDEXED", sha256: originSha256(slow) }]);
  expect(origin.requestsOf(slow).at(-1)?.range).toMatch(/^bytes=\d{7,}-$/);
});

it("the demo kills a worker, shows that nothing was lost or repeated, and ends by itself off a terminal", async () => {
  const { code, output } = await run(["--out", join(folder, "out"), "--dashboard"]);
  expect(output).toMatch(/^Dashboard: http:\/\/127\.0\.0\.1:\d+\/$/m);
  expect(output).toContain("kill -9");
  expect(output).toMatch(/^Job completion +99\.5 % +100 % +100 % +met$/m);
  expect(output).toMatch(/Nothing was lost, nothing was done twice\.\n$/);
  expect(output.match(/^(ok|WRONG) +\S/gm)).toEqual(Array(6).fill(expect.stringMatching(/^ok/)));
  expect(code).toBe(0);
  expect(await readdir(join(folder, "out"))).toEqual(
    expect.arrayContaining(["content", "events.jsonl", "results.jsonl"]),
  );
});
