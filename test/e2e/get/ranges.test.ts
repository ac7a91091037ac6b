/** Large files over several connections. */
import { expect, it } from "vitest";
import { originSha256 } from "../../../local/origin/content.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { Bench, MIB, PART_BYTES } from "./support.ts";

const LARGE: OriginFile = { name: "large", size: 9 * PART_BYTES + 12_345, rate: 16 * MIB };

async function got(file: OriginFile, options: readonly string[]) {
  const bench = await Bench.start();
  const { code } = await bench.got([bench.origin.urlOf(file), ...options]);
  expect(bench.results()).toMatchObject([{ state: "INDEXED", sha256: originSha256(file), attempts: 1 }]);
  expect(code).toBe(0);
  return bench.origin.requestsOf(file).filter(({ method }) => method === "GET");
}

it("a file of an origin that is slow over one connection comes in ranges of one version, each byte once", async () => {
  const [first, ...ranges] = await got(LARGE, ["--ranges", "8"]);
  expect(first?.range).toBeUndefined();
  expect(new Set(ranges.map(({ ifRange, status }) => `${String(ifRange)} ${status}`)).size).toBe(1);
  // If several are no faster on this machine, one asks for all that is left.
  const asked = ranges.map(({ range }) => /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? []);
  let next = Number(asked[0]?.[1]);
  expect(next).toBeGreaterThanOrEqual(PART_BYTES);
  expect(asked[0]?.[2]).not.toBe("");
  for (const [, start, last] of asked.toSorted((a, b) => Number(a[1]) - Number(b[1]))) {
    expect(Number(start)).toBe(next);
    next = last ? Number(last) + 1 : LARGE.size;
  }
  expect(next).toBe(LARGE.size);
});

it("--ranges 1 fetches a large file over one connection", async () => {
  const gets = await got({ ...LARGE, rate: 64 * MIB }, ["--ranges", "1"]);
  expect(gets.map(({ range }) => range)).toEqual([undefined]);
});

it("a file of an origin that ignores ranges comes over the connection that is there", async () => {
  const gets = await got({ ...LARGE, rate: 64 * MIB, ranges: "ignored" }, []);
  expect(gets.map(({ status }) => status)).toEqual([200, 200]);
  expect(gets[0]?.bytes).toBe(LARGE.size);
});
