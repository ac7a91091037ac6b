import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { USUAL_WEB } from "../../../local/settings.ts";
import { parseArguments, type Arguments } from "../../../cli/get/arguments.ts";
import { run } from "../../../cli/run.ts";

const parse = (argv: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof parseArguments> =>
  parseArguments(argv, env, "1.2.3");

describe("the command line of fetchonce", () => {
  const workers = Math.min(4, availableParallelism());
  const web = { ...USUAL_WEB, requestHeaders: { usual: { "user-agent": "fetchonce/1.2.3" }, byHost: [] } };
  const withWeb = (changes: Partial<Arguments["web"]>): Partial<Arguments> => ({
    sources: ["a.csv"],
    web: { ...web, ...changes },
  });
  const defaults: Arguments = {
    command: "get",
    sources: [],
    outDir: "./downloads",
    workers,
    jobs: 32,
    maxAttempts: 8,
    web,
    skipInvalid: false,
    format: undefined,
    urlColumn: undefined,
    only: undefined,
    nameSource: { kind: "url" },
    results: undefined,
    verify: false,
    retryFailed: false,
    refresh: false,
    output: "progress",
    enableIdempotency: "true",
    dashboardPort: undefined,
  };
  const demo = { command: "demo", outDir: "./downloads/demo" } as const;
  const list = { sources: ["a.csv"] };

  it.each<[string[], Partial<Arguments>]>([
    [[], demo],
    [["demo"], demo],
    [["demo", "--out", "d"], { command: "demo", outDir: "d" }],
    [["--dashboard", "--workers", "1"], { ...demo, dashboardPort: 0, workers: 1 }],
    [["get"], {}],
    [["--retry-failed"], { retryFailed: true }],
    [["--out", "d", "--only", "*.pdf"], { outDir: "d", only: "*.pdf" }],
    [["a.csv"], list],
    [["get", "a.csv"], list],
    [["get", "-"], { sources: ["-"] }],
    [["https://a.example/1", "https://a.example/2"], { sources: ["https://a.example/1", "https://a.example/2"] }],
    [["a.csv", "--out", "d", "--workers", "64"], { ...list, outDir: "d", workers: 64, jobs: 64 }],
    [["a.csv", "-j", "1", "--workers", "3"], { ...list, workers: 1, jobs: 1 }],
    [["a.csv", "--jobs", "100", "--attempts", "3"], { ...list, jobs: 100, maxAttempts: 3 }],
    [
      ["a.csv", "--allow-private-hosts", "--skip-invalid"],
      { ...withWeb({ allowPrivateHosts: true }), skipInvalid: true },
    ],
    [
      ["a.csv", "--allow", "10.0.0.0/8,*.corp.example", "--allow", ":21"],
      withWeb({ allow: ["10.0.0.0/8", "*.corp.example", ":21"] }),
    ],
    [["a.csv", "--timeout", "2.5", "--connect-timeout", "1"], withWeb({ timeoutMs: 2500, connectTimeoutMs: 1000 })],
    [
      ["a.csv", "--least-speed", "0", "--longest-wait", "7200"],
      withWeb({ leastBytesPerSecond: 0, longestWaitMs: 7_200_000 }),
    ],
    [
      [
        "a.csv",
        "--host-limit",
        "*=8",
        "--host-limit",
        "*.Example.org=4,0.5/s",
        "--host-limit",
        "b.example=2/s",
        "--host-limit",
        "c.example=unlimited",
      ],
      withWeb({
        hostRules: [
          ...USUAL_WEB.hostRules,
          ["*", { connections: 8 }],
          ["*.example.org", { connections: 4, perSecond: 0.5 }],
          ["b.example", { perSecond: 2 }],
          ["c.example", "unlimited"],
        ],
      }),
    ],
    [["a.csv", "--ranges", "16"], withWeb({ mostRanges: 16 })],
    [["a.csv", "--most-redirects", "0", "--most-bytes", "5"], withWeb({ mostRedirects: 0, mostBytes: 5 })],
    [["a.csv", "--robots"], withWeb({ obeysRobots: true })],
    [
      ["a.csv", "--user-agent", "me/1", "--header", "Accept: text/html", "--header", "*.example.org=X-Team: data"],
      withWeb({
        requestHeaders: {
          usual: { "user-agent": "me/1", accept: "text/html" },
          byHost: [["*.example.org", { "x-team": "data" }]],
        },
      }),
    ],
    [["a.csv", "--format", "tsv", "--url-column", "link"], { ...list, format: "tsv", urlColumn: "link" }],
    [["a.csv", "--names", "none"], { ...list, nameSource: { kind: "none" } }],
    [["a.csv", "--names", "column:my title"], { ...list, nameSource: { kind: "column", column: "my title" } }],
    [["a.csv", "--results", "r.parquet"], { ...list, results: "r.parquet" }],
    [["a.csv", "--verify", "--retry-failed"], { ...list, verify: true, retryFailed: true }],
    [["a.csv", "--refresh"], { ...list, refresh: true }],
    [["a.csv", "-q"], { ...list, output: "quiet" }],
    [["a.csv", "--json"], { ...list, output: "json" }],
    [["a.csv", "--no-enable-idempotency"], { ...list, enableIdempotency: "false" }],
    [["--enable-idempotency", "a.csv"], { ...list, enableIdempotency: "true" }],
    [["--enable-idempotency=12.5", "a.csv"], { ...list, enableIdempotency: "12.5" }],
    [["--dashboard", "a.csv"], { ...list, dashboardPort: 0 }],
    [["--dashboard", "8080", "a.csv"], { ...list, dashboardPort: 8080 }],
    [["a.csv", "--dashboard=8080"], { ...list, dashboardPort: 8080 }],
  ])("accepts %j", (argv, expected) => {
    expect(parse(argv)).toEqual({ ...defaults, ...expected });
  });

  it.each<[string[], string, string]>([
    [[], "25", "25"],
    [["--enable-idempotency"], "false", "true"],
    [["--no-enable-idempotency"], "true", "false"],
    [["--enable-idempotency=7"], "25", "7"],
  ])("%j with DOCSTOKG_ENABLE_IDEMPOTENCY=%s sets idempotency to %s: options win", (argv, variable, expected) => {
    const parsed = parse(["a.csv", ...argv], { DOCSTOKG_ENABLE_IDEMPOTENCY: variable });
    expect(parsed).toMatchObject({ enableIdempotency: expected });
  });

  it("prints the version and the help on request", () => {
    expect(parse(["--version"])).toBe("1.2.3");
    expect(parse(["-V"])).toBe("1.2.3");
    expect(parse(["get", "--help"])).toMatch(/^Usage: fetchonce get [^]*url \(the default\)[^]*Exit code: 0 all there/);
  });
});

describe("wrong usage of fetchonce exits with 2, says what to do, and creates nothing", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fetchonce-arguments-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function runWith(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const { signal } = new AbortController();
    const code = await run([...argv, "--out", join(folder, "out")], {
      stdin: Readable.from([]),
      stdout,
      stderr,
      env,
      signal,
    });
    expect(await readdir(folder)).toEqual([]);
    return { code, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
  }

  it.each<[string[], string]>([
    [["--nope"], "unknown option '--nope'\nTry: npm start -- --help\n"],
    [["demo", "--retry-failed"], "unknown option '--retry-failed'"],
    [["a.csv", "--workers", "0"], "argument '0' is invalid. It must be a whole number from 1 to 64."],
    [["a.csv", "--jobs", "1025"], "argument '1025' is invalid. It must be a whole number from 1 to 1024."],
    [
      ["a.csv", "--host-limit", "a.example"],
      "It must be like example.org=4, *.example.org=2/s, *=8,5/s, or *=unlimited.",
    ],
    [["a.csv", "--host-limit", "a.example=0"], "It must be like example.org=4"],
    [["a.csv", "--attempts", "none"], "argument 'none' is invalid. It must be a whole number from 1 to 100."],
    [["a.csv", "--format", "xml"], "argument 'xml' is invalid. Allowed choices are txt, csv, tsv, jsonl, parquet."],
    [["a.csv", "--names", "column:"], "It must be url, header, none, or column: and the name of a column."],
    [["a.csv", "--verify", "--refresh"], "--refresh fetches everything again, so --verify has nothing to check."],
    [["--enable-idempotency=101"], "argument '101' is invalid. It must be a percentage from 0 to 100."],
    [
      ["--dashboard", "65536"],
      "argument '65536' is invalid. It must be a port from 1 to 65535, or 0 for any free port.",
    ],
    [["--dashboard=web"], "argument 'web' is invalid. It must be a port"],
    [["absent.csv"], "absent.csv is neither a URL nor a file."],
    [["get"], "Nothing to get: no URL and no list is given, and no earlier run is in"],
    [["--no-enable-idempotency"], "The demo shows what idempotency does"],
  ])("for the arguments %j", async (argv, sentence) => {
    const { code, stdout, stderr } = await runWith(argv);
    expect(stderr).toContain(sentence);
    expect([code, stdout]).toEqual([2, ""]);
  });

  it("if DOCSTOKG_ENABLE_IDEMPOTENCY has an invalid value", async () => {
    const { code, stderr } = await runWith([], { DOCSTOKG_ENABLE_IDEMPOTENCY: "maybe" });
    expect([code, stderr]).toEqual([2, expect.stringContaining('DOCSTOKG_ENABLE_IDEMPOTENCY is "maybe"')]);
  });

  it("if the dashboard's port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const port = String((other.address() as AddressInfo).port);
    const { code, stdout, stderr } = await runWith(["--dashboard", port]);
    other.close();
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(`cannot use port ${port}: it is in use.`)]);
  });
});
