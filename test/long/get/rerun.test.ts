import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { originSha256 } from "../../../local/origin/content.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { Bench, MIB, PART_BYTES, soon, type Result } from "../../e2e/get/support.ts";

const A: OriginFile = { name: "a.bin", size: 1000 };
const B: OriginFile = { name: "b.bin", size: 2000 };
const C: OriginFile = { name: "c.bin", size: 3000 };
const SLOW: OriginFile = { name: "slow.bin", size: 20 * MIB, rate: 8 * MIB };

const namedPath = (bench: Bench, file: OriginFile): string => {
  const result = bench.results().find(({ url }) => url === bench.origin.urlOf(file));
  return join(bench.out, "files", String(result?.["path"]));
};
const digests = (results: readonly Result[]): readonly string[] =>
  results.map(({ sha256 }) => String(sha256)).toSorted();
const gets = (bench: Bench, file: OriginFile): number =>
  bench.origin.requestsOf(file).filter(({ method }) => method === "GET").length;

function changeKeepingTime(path: string, folder: string): void {
  const reference = join(folder, "reference");
  execFileSync("cp", ["-p", path, reference]);
  writeFileSync(path, "x".repeat(statSync(path).size));
  execFileSync("touch", ["-r", reference, path]);
}

it("the same list again fetches nothing, and its results are whole", async () => {
  const bench = await Bench.start();
  const list = await bench.list("list.txt", bench.urls(A, B, C));
  await bench.got([list]);
  const before = bench.results();
  const requests = bench.origin.requests.length;
  const again = await bench.got([list]);
  expect(again.stdout).toContain("3 of 3 were there from an earlier run");
  expect(digests(bench.results())).toEqual(digests(before));
  expect(bench.origin.requests).toHaveLength(requests);
  expect(again.code).toBe(0);
});

it("content that was emptied or deleted is fetched again, with --verify also what was changed, and names follow", async () => {
  const bench = await Bench.start();
  const list = await bench.list("list.txt", bench.urls(A, B, C));
  await bench.got([list]);
  truncateSync(namedPath(bench, A));
  rmSync(bench.contentPath(B));
  changeKeepingTime(bench.contentPath(C), bench.folder);

  const again = await bench.got([list]);
  expect(again.stdout).toContain("2 files of an earlier run had been lost or damaged");
  expect([A, B, C].map((file) => gets(bench, file))).toEqual([2, 2, 1]);
  const verified = await bench.got([list, "--verify"]);
  expect(verified.stdout).toContain("1 file of an earlier run had been lost or damaged");
  expect([A, B, C].map((file) => gets(bench, file))).toEqual([2, 2, 2]);
  for (const file of [A, B, C]) {
    expect(readFileSync(namedPath(bench, file)).equals(readFileSync(bench.contentPath(file)))).toBe(true);
    expect(statSync(bench.contentPath(file)).size).toBe(file.size);
  }
  expect(bench.names()).toHaveLength(3);
  expect([again.code, verified.code]).toEqual([0, 0]);
});

it("what failed is left as it is, unless --retry-failed is given, with or without the list", async () => {
  const bench = await Bench.start();
  const gone: OriginFile = { name: "gone", size: 10, failFirst: 2, failStatus: 404 };
  const list = await bench.list("list.txt", bench.urls(A, gone));
  const first = await bench.got([list]);
  expect(first.stdout).toMatch(/^FAILED {2}http.*: the origin answered 404 Not Found$/m);
  const second = await bench.got([list]);
  expect(second.stdout).toContain("1 of 2 failed in an earlier run. To try them again, add --retry-failed");
  expect(bench.origin.requestsOf(gone).map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  const third = await bench.got(["--retry-failed"]);
  expect(bench.results().map(({ state }) => state)).toEqual(["INDEXED", "INDEXED"]);
  expect(gets(bench, A)).toBe(1);
  expect([first.code, second.code, third.code]).toEqual([1, 1, 0]);
});

it("--refresh fetches everything again, and the name leads to what the origin has now", async () => {
  const bench = await Bench.start();
  const changing: OriginFile = { ...A, changeAfter: 1 };
  await bench.got(bench.urls(changing));
  const { code } = await bench.got([...bench.urls(changing), "--refresh"]);
  expect(bench.results()).toMatchObject([{ sha256: originSha256(changing, 2) }]);
  expect(bench.names()).toEqual(["file/a.bin"]);
  expect(statSync(namedPath(bench, changing)).ino).not.toBe(statSync(bench.contentPath(changing)).ino);
  expect(code).toBe(0);
});

describe("a second list in the same folder", () => {
  it("leaves what the first one left undone, says so, and both are gone on with without a list", async () => {
    const bench = await Bench.start();
    const first = bench.get(bench.urls(SLOW, A));
    await soon(() => expect(bench.sentOf(SLOW)).toBeGreaterThan(PART_BYTES + MIB));
    first.process.kill("SIGINT");
    expect((await first.ended()).code).toBe(130);
    const sent = bench.sentOf(SLOW);

    const second = await bench.got(bench.urls(B));
    expect(second.stdout).toContain(`1 URL of an earlier list in ${bench.out} is not done, and left alone.`);
    expect(bench.results()).toMatchObject([{ bytes: B.size }]);
    expect(bench.sentOf(SLOW)).toBe(sent);
    const other = await bench.got(["--only", "*/nothing*"]);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("no URL of an earlier run in")]);

    const third = await bench.got(["--only", "*slow*"]);
    expect(bench.results()).toMatchObject([{ state: "INDEXED", sha256: originSha256(SLOW) }]);
    expect(bench.origin.requestsOf(SLOW).at(-1)?.range).toMatch(/^bytes=\d{7,}-$/);
    expect([second.code, third.code]).toEqual([0, 0]);
  });
});

it("a clock that was set back since the last run does not hold the next one up", async () => {
  const bench = await Bench.start();
  const first = bench.get(bench.urls(SLOW));
  await soon(() => expect(bench.sentOf(SLOW)).toBeGreaterThan(PART_BYTES + MIB));
  first.process.kill("SIGKILL");
  await first.ended();
  const inADay = Date.now() + 24 * 3600 * 1000;
  await soon(() => {
    const database = new DatabaseSync(join(bench.out, ".fetchonce/state.db"), { timeout: 5_000 });
    database.exec(`INSERT OR REPLACE INTO facts VALUES ('last_seen_ms', ${inADay});
      UPDATE items SET watch_at = ${inADay}, item = json_set(item, '$.available_at', ${inADay}, '$.watch_at', ${inADay})`);
    database.close();
  });
  const { code } = await bench.got(bench.urls(SLOW));
  expect(bench.results()).toMatchObject([{ state: "INDEXED", sha256: originSha256(SLOW) }]);
  expect(bench.origin.requestsOf(SLOW).at(-1)?.range).toMatch(/^bytes=\d{7,}-$/);
  expect(code).toBe(0);
});
