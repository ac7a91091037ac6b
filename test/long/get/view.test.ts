import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { originSha256 } from "../../../local/origin/content.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { jsonLine } from "../../json-lines.ts";
import { Bench, Command, MAIN } from "../../e2e/get/support.ts";

const GOOD: OriginFile = { name: "good.bin", size: 1000 };
const SAME: OriginFile = { name: "same.bin", size: 1000, content: "good.bin" };
const GONE: OriginFile = { name: "gone.pdf", size: 0, status: 404 };

describe("what a run prints", () => {
  it("off a terminal is a line for each file, and a summary", async () => {
    const bench = await Bench.start();
    const { code, stdout, stderr } = await bench.got([...bench.urls(GOOD, SAME, GONE), "-j", "1"]);
    const host = new URL(bench.origin.url).host.replace(":", "_");
    expect(stdout.replace(/in \d+\.\d s \(.*?\)/, "in TIME").split("\n")).toEqual([
      `3 URLs, 1 at a time, into ${bench.out}`,
      `done    ${host}/file/good.bin, 1000 B`,
      `done    ${host}/file/same.bin, 1000 B, same content as another file`,
      `FAILED  ${bench.origin.urlOf(GONE)}: the origin answered 404 Not Found`,
      "2 files, 2.0 KiB, in TIME; 1 FAILED",
      "  1 FAILED: the origin answered 404 Not Found",
      `Files are in ${bench.out}/files, a line for each is in ${bench.out}/results.jsonl`,
      "",
    ]);
    expect([code, stderr]).toEqual([1, ""]);
  });

  it("with --quiet is the failures and the summary", async () => {
    const bench = await Bench.start();
    const { stdout } = await bench.got([...bench.urls(GOOD, GONE), "-q"]);
    expect(stdout.split("\n").map((line) => line.slice(0, 6))).toEqual(["FAILED", "1 file", "  1 FA", "Files ", ""]);
  });

  it("with --json are JSON lines that follow the schema, the user's own columns included", async () => {
    const bench = await Bench.start();
    const rows = [GOOD, SAME, GONE].map((file, index) => `${bench.origin.urlOf(file)},title ${index}`);
    const list = await bench.list("list.csv", ["url,title", ...rows]);
    const { code, stdout, stderr } = await bench.got([list, "--json", "--dashboard", "-j", "1"]);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => jsonLine.parse(JSON.parse(line)));
    expect(lines.map(({ type }) => type)).toEqual(["message", "result", "result", "result", "summary"]);
    expect(lines[1]).toMatchObject({ sha256: originSha256(GOOD), title: "title 0" });
    expect(lines.at(-1)).toMatchObject({
      jobs: 3,
      stored: 2,
      failed: 1,
      bytes: 2000,
      failures: { http_404: 1 },
      stopped: null,
    });
    expect([code, stderr]).toEqual([1, ""]);
  });
});

const hasScript = (() => {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
})();

it.skipIf(!hasScript)(
  "on a terminal, the files under way are shown, and nothing is left of it but the summary",
  async () => {
    const bench = await Bench.start();
    const slow: OriginFile = { name: "slow.bin", size: 12 * 2 ** 20, rate: 3 * 2 ** 20 };
    const words = [
      process.execPath,
      MAIN,
      "get",
      ...bench.urls(slow, GONE),
      "--out",
      bench.out,
      "--allow-private-hosts",
      "--ranges",
      "1",
    ];
    const command = words.map((word) => `'${word}'`).join(" ");
    const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void terminal.kill("SIGKILL"));
    let shown = "";
    terminal.stdout.on("data", (data: Buffer) => (shown += data.toString()));
    const [code] = (await once(terminal, "close")) as [number];
    expect(shown).toMatch(/8\.0 MiB of 12\.0 MiB, 66 % +slow\.bin/);
    expect(shown).toContain(`FAILED  ${bench.origin.urlOf(GONE)}: the origin answered 404 Not Found`);
    expect(shown).toMatch(/1 file, 12\.0 MiB, in .*; 1 FAILED\r\n/);
    expect(code).toBe(1);
  },
);

it("the demo kills a worker, shows that nothing was lost or repeated, and ends by itself off a terminal", async () => {
  const bench = await Bench.start();
  const command = new Command(["--dashboard", "--workers", "2"], { input: "", cwd: bench.folder });
  const { code, stdout, stderr } = await command.ended();
  expect(stdout).toMatch(/^Dashboard: http:\/\/127\.0\.0\.1:\d+\/$/m);
  expect(stdout).toContain("kill -9");
  expect(stdout.match(/^(ok|WRONG) +\S/gm)).toEqual(Array(6).fill(expect.stringMatching(/^ok/)));
  expect(stdout).toMatch(/Nothing was lost, nothing was done twice\..*\n$/);
  expect([code, stderr]).toEqual([0, ""]);
  expect(readdirSync(`${bench.folder}/downloads/demo`)).toEqual(
    expect.arrayContaining(["content", "events.jsonl", "files", "report.html", "results.jsonl"]),
  );
});
