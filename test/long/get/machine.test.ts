/** Faults of the machine: the run stops with a sentence, charges no job, and the next run goes on. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OriginFile } from "../../../local/origin/file.ts";
import { Bench, expectNoStackTrace, MIB, PART_BYTES, soon, type Ended } from "../../e2e/get/support.ts";

const A: OriginFile = { name: "a.bin", size: 1000 };
const B: OriginFile = { name: "b.bin", size: 2000 };

const ADVICE = "Then run the same command again.";

function expectStopped(ended: Ended, path: string, trouble: string): void {
  const said = ended.stdout + ended.stderr;
  expect(said).toContain(`Stopped: ${path}`);
  expect(said).toContain(trouble);
  expect(said.toLowerCase()).toContain(ADVICE.toLowerCase());
  expectNoStackTrace(ended);
  expect(ended.code).toBe(3);
}

it("what stands where the run must write is named, and once it is gone the run goes on", async () => {
  const bench = await Bench.start();
  const places: readonly (readonly [string, "file" | "folder"])[] = [
    [".", "file"],
    [".fetchonce", "file"],
    [".fetchonce/state.db", "folder"],
    ["content", "file"],
    ["events.jsonl", "folder"],
    ["results.jsonl", "folder"],
    ["files", "file"],
  ];
  for (const [place, kind] of places) {
    const path = join(bench.out, place);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(join(path, ".."), { recursive: true });
    if (kind === "folder") mkdirSync(path);
    else writeFileSync(path, "");
    expectStopped(await bench.got(bench.urls(A)), path, "");
    rmSync(path, { recursive: true });
  }
  expect((await bench.got(bench.urls(A))).code).toBe(0);
  expect(bench.results()).toMatchObject([{ state: "INDEXED", attempts: 1 }]);
  expect(bench.origin.requestsOf(A)).toHaveLength(2);
});

it("an output directory below a file is refused", async () => {
  const bench = await Bench.start();
  const file = await bench.list("file", []);
  const ended = await bench.got([...bench.urls(A), "--out", join(file, "out/deep")]);
  expectStopped(ended, file, "it must be a folder");
  expect(bench.origin.requests).toEqual([]);
});

it("content on another disk works: the names are copies", async () => {
  const bench = await Bench.start();
  const other = mkdtempSync("/dev/shm/fetchonce-");
  onTestFinished(() => rmSync(other, { recursive: true }));
  mkdirSync(bench.out);
  symlinkSync(other, join(bench.out, "content"));
  const big: OriginFile = { name: "big.bin", size: PART_BYTES + 1000 };
  expect((await bench.got(bench.urls(A, big))).code).toBe(0);
  for (const { path, key } of bench.results()) {
    const named = lstatSync(join(bench.out, "files", String(path)));
    const stored = statSync(join(bench.out, "content", String(key)));
    expect([named.size, named.dev === stored.dev]).toEqual([stored.size, false]);
  }
  const requests = bench.origin.requests.length;
  expect((await bench.got(bench.urls(A, big))).code).toBe(0);
  expect(bench.origin.requests).toHaveLength(requests);
});

it("an output directory that is taken away during the run stops it, and no job is charged", async () => {
  const bench = await Bench.start();
  const slow: OriginFile = { name: "slow.bin", size: 24 * MIB, rate: 8 * MIB };
  const command = bench.get(bench.urls(slow));
  await soon(() => expect(bench.sentOf(slow)).toBeGreaterThan(4 * MIB));
  rmSync(bench.out, { recursive: true });
  const ended = await command.ended();
  expectNoStackTrace(ended);
  expect(ended.stdout).toContain(`Stopped: ${bench.out}`);
  expect(ended.stdout).not.toContain("FAILED");
  expect(ended.code).toBe(3);
});

it("a machine that may open no more files or connections stops the run, and no job is charged", async () => {
  const bench = await Bench.start();
  const files: OriginFile[] = Array.from({ length: 60 }, (_, n) => ({ name: `f${n}.bin`, size: 100 + n, rate: 500 }));
  const list = await bench.list("list.txt", bench.urls(...files));
  const limitedTo = (most: number): readonly string[] => ["sh", "-c", `ulimit -n ${most}; exec "$0" "$@"`];
  for (const most of [34, 40, 48]) {
    const ended = await bench.got([list, "--jobs", "32"], { through: limitedTo(most) });
    expect(ended.stdout + ended.stderr).toMatch(/^Stopped: .*(too many files are open|cannot start a worker process)/m);
    expectNoStackTrace(ended);
    expect(ended.code).toBe(3);
  }
  expect((await bench.got([list])).code).toBe(0);
  expect(bench.results().filter(({ attempts, state }) => attempts !== 1 || state !== "INDEXED")).toEqual([]);
});

/** As root, or in a user namespace, whichever this machine allows. */
const withoutNetwork = [
  ["unshare", "-n"],
  ["unshare", "-rn"],
].find(([program = "", ...args]) => spawnSync(program, [...args, "true"]).status === 0);

it.skipIf(!withoutNetwork)("a machine without a network stops the run, and no job is charged", async () => {
  const bench = await Bench.start();
  const list = await bench.list("list.txt", ["http://192.0.2.1/a", "http://name.example/b"]);
  const ended = await bench.got([list], { through: withoutNetwork });
  expectStopped(ended, "The network", "this machine is not connected to any");
  expect(bench.results()).toEqual([]);
});

/** Mounting needs the rights of root. */
const canMount = ((): boolean => {
  const folder = mkdtempSync("/tmp/fetchonce-mount-");
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
})();

describe.skipIf(!canMount)("a disk of its own", () => {
  async function mounted(options: string): Promise<Bench> {
    const bench = await Bench.start();
    mkdirSync(bench.out);
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", bench.out]);
    onTestFinished(() => void execFileSync("umount", ["--lazy", bench.out]));
    return bench;
  }
  const remount = (bench: Bench, options: string): void =>
    void execFileSync("mount", ["-o", `remount,${options}`, bench.out]);

  it("that is full in the middle stops the run, and with more space the next one goes on", async () => {
    const bench = await mounted("size=40m");
    const files: OriginFile[] = Array.from({ length: 20 }, (_, n) => ({ name: `f${n}.bin`, size: MIB + n }));
    const big: OriginFile = { name: "big.bin", size: 40 * MIB, rate: 16 * MIB };
    const list = await bench.list("list.txt", bench.urls(...files, big));
    const first = await bench.got([list]);
    expectStopped(first, bench.out, "no space is left on its disk");
    expect(bench.results().filter(({ state }) => state === "FAILED")).toEqual([]);
    const again = await bench.got([list]);
    expectStopped(again, bench.out, "no space is left on its disk");

    remount(bench, "size=120m");
    const second = await bench.got([list]);
    expect(second.code).toBe(0);
    expect(bench.results().map(({ state }) => state)).toEqual(Array(files.length + 1).fill("INDEXED"));
    expect(bench.names()).toHaveLength(files.length + 1);
    for (const file of files) expect(bench.sentOf(file)).toBeLessThanOrEqual(3 * file.size);
    // Each stop costs the part that is being read and one that ranges have fetched ahead.
    expect(bench.sentOf(big)).toBeLessThan(big.size + 5 * PART_BYTES);
  });

  it("that fills up while standard input is read stops the run, and what was read is kept", async () => {
    const bench = await mounted("size=24m");
    const files: OriginFile[] = Array.from({ length: 30 }, (_, n) => ({ name: `f${n}.bin`, size: MIB + n }));
    const command = bench.get(["-"]);
    for (const url of bench.urls(...files)) command.process.stdin?.write(`${url}\n`);
    const ended = await command.ended();
    expectStopped(ended, bench.out, "no space is left on its disk");
    remount(bench, "size=120m");
    const second = await bench.got([]);
    expect(second.code).toBe(0);
    expect(bench.results().filter(({ attempts, state }) => attempts === 1 && state === "INDEXED")).toHaveLength(30);
  });

  it("that is read-only stops the run, whether it was used before or not", async () => {
    const bench = await mounted("size=40m");
    expect((await bench.got(bench.urls(A))).code).toBe(0);
    remount(bench, "ro");
    expectStopped(await bench.got(bench.urls(A)), bench.out, "");
    expectStopped(await bench.got([...bench.urls(A), "--out", join(bench.out, "new")]), bench.out, "read-only");
    remount(bench, "rw");
    expect((await bench.got(bench.urls(A, B))).code).toBe(0);
    expect(existsSync(bench.contentPath(B))).toBe(true);
  });
});
