import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Bench, Command, expectNoStackTrace, type StartOptions } from "./support.ts";

const run = async (args: readonly string[], options: StartOptions = { input: "" }) =>
  new Command(args, options).ended();

describe("wrong usage ends with exit code 2 and a sentence, and creates nothing", () => {
  it.each<[string, readonly string[], string]>([
    ["an unknown option", ["get", "--nope"], "unknown option '--nope'\nTry: npm start -- get --help"],
    ["a list that does not exist", ["get", "absent.txt"], "absent.txt is neither a URL nor a file."],
    ["two lists", ["get", "a.txt", "b.txt"], "Give one list at a time"],
    ["a list and a URL", ["get", "a.txt", "https://example.org/"], "Give URLs or a list, not both: a.txt is a list."],
    ["nothing to get", ["get"], "no earlier run is in"],
    ["a URL as the output directory", ["get", "a.txt", "--out", "s3://bucket/x"], "--out must be a directory"],
    ["two ways to print", ["get", "a.txt", "--quiet", "--json"], "cannot be used with"],
  ])("%s", async (_name, args, sentence) => {
    const bench = await Bench.start();
    for (const list of ["a.txt", "b.txt"]) await bench.list(list, ["https://example.org/"]);
    const ended = await run(args, { input: "", cwd: bench.folder });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stdout).toBe("");
    expect(ended.code).toBe(2);
    expectNoStackTrace(ended);
    expect(existsSync(join(bench.folder, "downloads"))).toBe(false);
  });
});

describe("what is asked for is printed, with exit code 0", () => {
  it("--version prints the version of the package", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([[["--help"]], [["help"]], [["get", "--help"]]])("%j prints examples", async (args) => {
    const { code, stdout, stderr } = await run(args);
    expect(stdout).toMatch(/^Usage: fetchonce /);
    expect(stdout).toContain("fetchonce get urls.txt --out papers");
    expect(stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
    expect([code, stderr]).toEqual([0, ""]);
  });
});

it("the command line of earlier releases still works: a list without a command, and its options", async () => {
  const bench = await Bench.start();
  const file = { name: "a.bin", size: 10 };
  const line = (url: string) => JSON.stringify({ work_id: "w", artifact_id: "a 🙂", url });
  const list = await bench.list("list.jsonl", [line("nowhere"), line(bench.origin.urlOf(file))]);
  const old = "--workers 2 --allow-private-hosts --skip-invalid --dashboard --no-enable-idempotency".split(" ");
  const ended = await run([list, "--out", bench.out, ...old]);
  expect(ended.stdout).toMatch(/^Dashboard: http:\/\/127\.0\.0\.1:\d+\/$/m);
  expect(bench.results()).toMatchObject([{ work_id: "w", artifact_id: "a 🙂", state: "PUBLISHED", bytes: 10 }]);
  expect(ended.code).toBe(0);
});

it("a second run in the same folder is refused while the first is at work", async () => {
  const bench = await Bench.start();
  const slow = { name: "slow", size: 100, delayMs: 600_000 };
  const first = bench.get(bench.urls(slow));
  await first.printed("1 URL");
  const second = await bench.got(bench.urls({ name: "b", size: 1 }));
  expect(second.stderr).toBe(
    `Another run is working in ${bench.out}. Wait for it to end, stop it, or choose another directory with --out.\n`,
  );
  expect(second.code).toBe(2);
  first.process.kill("SIGINT");
  expect((await first.ended()).code).toBe(130);
});

it("variables meant for other programs have no effect", async () => {
  const bench = await Bench.start();
  const file = { name: "a.bin", size: 1000 };
  const hook = join(bench.folder, "hook.cjs");
  await writeFile(hook, "if (process.send) process.exit(7);");
  const env = {
    AWS_ENDPOINT_URL: "http://127.0.0.1:9",
    AWS_REGION: "nowhere",
    POWERTOOLS_IDEMPOTENCY_DISABLED: "true",
    NODE_OPTIONS: `--require ${hook}`,
  };
  const { code } = await bench.got(bench.urls(file), { env });
  expect(bench.results()).toMatchObject([{ state: "INDEXED", bytes: 1000 }]);
  expect(existsSync(bench.contentPath(file))).toBe(true);
  expect(code).toBe(0);
});
