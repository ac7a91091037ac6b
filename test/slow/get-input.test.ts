import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { originSha256 } from "../../local/origin/content.ts";
import { Bench, expectNoStackTrace, soon } from "../e2e/get/support.ts";

const A = { name: "a.bin", size: 10 };
const B = { name: "b.bin", size: 20 };

it("a list with a bad line changes nothing, and the line is shown; --skip-invalid takes the others", async () => {
  const bench = await Bench.start();
  await bench.got(bench.urls(A));
  const before = await readFile(join(bench.out, "results.jsonl"), "utf8");
  const list = await bench.list("list.txt", [...bench.urls(B), "nowhere", "https://example.org/a b\rc"]);
  const requests = bench.origin.requests.length;

  const refused = await bench.got([list]);
  expect(refused.stderr).toMatch(/list\.txt, line 2\b.*\n +nowhere\n/);
  expect(refused.stderr).toMatch(/list\.txt, line 3\b/);
  expect(refused.stderr).toMatch(/Nothing was downloaded: .*list\.txt has 2 invalid lines\..*--skip-invalid/);
  expect(refused.code).toBe(2);
  expect(await readFile(join(bench.out, "results.jsonl"), "utf8")).toBe(before);
  expect(bench.origin.requests).toHaveLength(requests);

  const skipped = await bench.got([list, "--skip-invalid"]);
  expect(skipped.stdout).toContain("2 lines were skipped, because they are not valid");
  expect(bench.results()).toMatchObject([{ url: bench.origin.urlOf(B), state: "INDEXED" }]);
  expect(skipped.code).toBe(0);
});

it("standard input starts with its first line, and what is not valid in it is told and skipped", async () => {
  const bench = await Bench.start();
  const command = bench.get(["-"]);
  command.process.stdin?.write(`${bench.origin.urlOf(A)}\n`);
  await command.printed("a.bin, 10 B");
  command.process.stdin?.end(`nowhere\n${bench.origin.urlOf(B)}\n`);
  const ended = await command.ended();
  expect(ended.stderr).toMatch(/standard input, line 2\b.*\n +nowhere\n/);
  expect(ended.stdout).toContain("1 line was skipped, because it is not valid");
  expect(bench.results()).toMatchObject([{ bytes: 10 }, { bytes: 20 }]);
  expect(ended.code).toBe(1);
});

it("Ctrl-C ends a run whose list is a named pipe into which nobody writes", async () => {
  const bench = await Bench.start();
  const pipe = join(bench.folder, "pipe.txt");
  execFileSync("mkfifo", [pipe]);
  // The shell says 130 also of a command that the signal itself ended.
  const command = bench.get([pipe], { through: ["sh", "-c", 'trap : INT; "$0" "$@"'], ownGroup: true });
  await soon(() => expect(existsSync(join(bench.out, "events.jsonl"))).toBe(true));
  process.kill(-command.pid, "SIGINT");
  const ended = await command.ended();
  expect(ended.stderr).toContain("Stopped before anything was fetched.");
  expect(ended.code).toBe(130);
});

it("standard input that has nothing leaves the results of the earlier run", async () => {
  const bench = await Bench.start();
  await bench.got(bench.urls(A));
  const ended = await bench.got(["-"], { input: "" });
  expect(ended.stderr).toContain("standard input is empty");
  expect(bench.results()).toMatchObject([{ bytes: 10 }]);
  expect(ended.code).toBe(2);
});

it("every line of standard input has a result, also of a file that an earlier line, or an earlier run, fetched", async () => {
  const bench = await Bench.start();
  await bench.got(bench.urls(A));
  const command = bench.get(["-"]);
  command.process.stdin?.write(bench.urls(A, B).join("\n"));
  command.process.stdin?.write("\n");
  await command.printed("b.bin, 20 B");
  command.process.stdin?.end(`${bench.urls(B, A).join("\n")}\n`);
  const ended = await command.ended();
  expect(bench.results().map(({ bytes }) => bytes)).toEqual([10, 20, 20, 10]);
  expect(ended.stdout).toContain("1 of 2 was there from an earlier run");
  expect(bench.origin.requestsOf(A).map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  expect(bench.origin.requestsOf(B).map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  expect(ended.code).toBe(0);
});

it("a run over a list ends although standard input is left open", async () => {
  const bench = await Bench.start();
  const { code } = await bench.got([await bench.list("list.txt", bench.urls(A))]);
  expect(code).toBe(0);
});

it("Ctrl-C ends a run that waits for standard input", async () => {
  const bench = await Bench.start();
  const command = bench.get(["-"]);
  await command.printed("standard input");
  command.process.kill("SIGINT");
  expect(await command.ended()).toMatchObject({ code: 130, stderr: "" });
});

it("Ctrl-C ends a run whose standard input goes on and on", async () => {
  const bench = await Bench.start();
  const command = bench.get(["-", "--quiet"]);
  let line = 0;
  const feeding = setInterval(() => {
    for (let more = 0; more < 50; more++)
      command.process.stdin?.write(`${bench.origin.urlOf({ ...A, name: `n${line++}` })}\n`);
  }, 5);
  try {
    await soon(() => expect(bench.origin.requests.length).toBeGreaterThan(10));
    command.process.kill("SIGINT");
    const ended = await command.ended();
    expectNoStackTrace(ended);
    expect(ended.code).toBe(130);
  } finally {
    clearInterval(feeding);
  }
});

it.each([
  [
    "two digests for one URL",
    2,
    (sha256: string) => [sha256, "0".repeat(64)],
    /line 2, sha256: line 1 has another digest/,
  ],
  ["a digest on the second line alone that is wrong", 1, () => [undefined, "0".repeat(64)], /its digest differs/],
])("a list with %s ends with exit code %i", async (_name, code, digests, said) => {
  const bench = await Bench.start();
  const url = bench.origin.urlOf(A);
  const lines = digests(originSha256(A)).map((sha256) => JSON.stringify({ url, sha256 }));
  const ended = await bench.got([await bench.list("list.jsonl", lines)]);
  expect(ended.stdout + ended.stderr).toMatch(said);
  expect(ended.code).toBe(code);
});

it("columns of the user's own stand in the results", async () => {
  const bench = await Bench.start();
  const path = join(bench.folder, "list.csv");
  await writeFile(path, `Link;title\n${bench.origin.urlOf(A)};"An ""odd"" one"\n`);
  const { code } = await bench.got([path, "--url-column", "Link"]);
  expect(bench.results()).toMatchObject([{ url: bench.origin.urlOf(A), title: 'An "odd" one', state: "INDEXED" }]);
  expect(code).toBe(0);
});
