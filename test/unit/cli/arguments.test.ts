import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseArguments } from "../../../cli/download/arguments.ts";
import { writeResults, resultOf, UNKNOWN } from "../../../cli/download/results.ts";
import { run } from "../../../cli/run.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-cli-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("the command line of fetchonce", () => {
  const defaults = {
    manifest: undefined,
    outDir: "./downloads",
    workers: 4,
    allowPrivateHosts: false,
    skipInvalid: false,
    enableIdempotency: "true",
    dashboardPort: undefined,
  };
  it.each<[string[], object]>([
    [[], {}],
    [["a.csv"], { manifest: "a.csv" }],
    [["-"], { manifest: "-" }],
    [["a.csv", "--out", "d", "--workers", "64"], { manifest: "a.csv", outDir: "d", workers: 64 }],
    [["--allow-private-hosts", "--skip-invalid"], { allowPrivateHosts: true, skipInvalid: true }],
    [["--no-enable-idempotency"], { enableIdempotency: "false" }],
    [["--enable-idempotency"], { enableIdempotency: "true" }],
    [["--enable-idempotency", "a.csv"], { manifest: "a.csv", enableIdempotency: "true" }],
    [["--enable-idempotency=12.5", "a.csv"], { manifest: "a.csv", enableIdempotency: "12.5" }],
    [["--enable-idempotency=0"], { enableIdempotency: "0" }],
    [["--dashboard"], { dashboardPort: 0 }],
    [["--dashboard", "a.csv"], { dashboardPort: 0, manifest: "a.csv" }],
    [["a.csv", "--dashboard", "--workers", "2"], { dashboardPort: 0, manifest: "a.csv", workers: 2 }],
    [["--dashboard", "8080", "a.csv"], { dashboardPort: 8080, manifest: "a.csv" }],
    [["--dashboard=8080"], { dashboardPort: 8080 }],
  ])("accepts %j", (argv, expected) => {
    expect(parseArguments(argv, {})).toEqual({ ...defaults, ...expected });
  });

  it.each<[string[], string, string]>([
    [[], "25", "25"],
    [["--enable-idempotency"], "false", "true"],
    [["--no-enable-idempotency"], "true", "false"],
    [["--enable-idempotency=7"], "25", "7"],
  ])("%j with DOCSTOKG_ENABLE_IDEMPOTENCY=%s sets idempotency to %s: options win", (argv, variable, expected) => {
    expect(parseArguments(argv, { DOCSTOKG_ENABLE_IDEMPOTENCY: variable })).toMatchObject({
      enableIdempotency: expected,
    });
  });

  it("prints help on request", () => {
    expect(parseArguments(["--help"], {})).toMatch(/^Usage: fetchonce [^]*Exit code: 0 all downloaded/);
  });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function runWith(argv: string[], stdin = "", env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const { signal } = new AbortController();
  const code = await run(argv, { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr, env, signal });
  return { code, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

describe("wrong usage of fetchonce exits with 2 and says what to do", () => {
  it.each<[string[], string]>([
    [["a.csv", "b.csv"], "too many arguments. Expected 1 argument but got 2: a.csv, b.csv."],
    [["--ouch"], "unknown option '--ouch'"],
    [["--workers", "0"], "argument '0' is invalid. It must be a whole number from 1 to 64."],
    [["--workers", "two"], "argument 'two' is invalid. It must be a whole number from 1 to 64."],
    [["--enable-idempotency=101"], "argument '101' is invalid. It must be a percentage from 0 to 100."],
    [
      ["--dashboard", "65536"],
      "argument '65536' is invalid. It must be a port from 1 to 65535, or 0 for any free port.",
    ],
    [["--dashboard=web"], "argument 'web' is invalid. It must be a port"],
    [["absent.csv"], "Cannot read the manifest absent.csv: no such file or directory."],
    [["list.xml"], "The manifest list.xml has an unknown file name extension. Use .jsonl, .csv, .txt"],
    [["--no-enable-idempotency"], "The demo shows what idempotency does"],
  ])("for the arguments %j", async (argv, sentence) => {
    const { code, stdout, stderr } = await runWith([...argv, "--out", join(folder, "out")]);
    expect(stderr).toContain(sentence);
    expect([code, stdout]).toEqual([2, ""]);
  });

  it("if DOCSTOKG_ENABLE_IDEMPOTENCY has an invalid value", async () => {
    const { code, stderr } = await runWith([], "", { DOCSTOKG_ENABLE_IDEMPOTENCY: "maybe" });
    expect([code, stderr]).toEqual([2, expect.stringContaining('DOCSTOKG_ENABLE_IDEMPOTENCY is "maybe"')]);
  });

  it("if the output directory cannot be created", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const line = '{"work_id":"w","artifact_id":"a","url":"https://example.org/"}';
    const { code, stderr } = await runWith(["-", "--out", join(file, "out")], line);
    expect([code, stderr]).toEqual([2, expect.stringContaining("Choose another one with --out.")]);
  });

  it("if the dashboard's port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const port = String((other.address() as AddressInfo).port);
    const { code, stdout, stderr } = await runWith(["--dashboard", port, "--out", join(folder, "out")]);
    other.close();
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(`cannot use port ${port}: it is in use.`)]);
  });

  it("if the manifest is invalid, before anything is created or sent", async () => {
    const outDir = join(folder, "out");
    const { code, stderr } = await runWith(["-", "--out", outDir], '{"work_id":"w","url":"x"}\n');
    expect(code).toBe(2);
    expect(stderr).toBe(
      "standard input, line 1, artifact_id: missing\n" +
        "standard input, line 1, url: not an absolute URL\n" +
        "Nothing was downloaded: standard input has 1 invalid line. Fix the manifest, or use --skip-invalid.\n",
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("if --skip-invalid leaves no line of the manifest", async () => {
    const { code, stderr } = await runWith(["-", "--skip-invalid", "--out", join(folder, "out")], "{}");
    expect([code, stderr]).toEqual([2, expect.stringContaining("no line of standard input is valid.")]);
  });
});

it("fetchonce --help exits with 0", async () => {
  expect(await runWith(["--help"])).toMatchObject({ code: 0, stderr: "" });
});

describe("results.jsonl", () => {
  const message = { work_id: "w", artifact_id: "a", url: "https://example.org/" };

  it("has one line per result in the manifest's order, null for unknown values, and replaces an older file", async () => {
    await writeResults(folder, [resultOf({ ...message, work_id: "old" }, UNKNOWN)]);
    await writeResults(folder, [
      resultOf(message, { ...UNKNOWN, state: "FAILED", reason: "http_404" }),
      resultOf({ ...message, artifact_id: "b" }, UNKNOWN),
    ]);
    const lines = (await readFile(join(folder, "results.jsonl"), "utf8")).trimEnd().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      {
        job_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        ...message,
        state: "FAILED",
        sha256: null,
        bytes: null,
        content_type: null,
        key: null,
        attempts: null,
        reason: "http_404",
      },
      expect.objectContaining({ artifact_id: "b", state: null }),
    ]);
    expect(await readdir(folder)).toEqual(["results.jsonl"]);
  });
});
