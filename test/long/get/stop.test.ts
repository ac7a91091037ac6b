import { readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { originSha256 } from "../../../local/origin/content.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { Bench, expectNoStackTrace, MIB, PART_BYTES, soon } from "../../e2e/get/support.ts";

const SLOW: OriginFile = { name: "slow.bin", size: 20 * MIB, rate: 8 * MIB };
/** What the origin may send into a connection before it notices that nobody reads it. */
const IN_FLIGHT_BYTES = 8 * MIB;

const workersOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

async function startAndWait(bench: Bench, args: readonly string[] = []) {
  const command = bench.get([...bench.urls(SLOW), ...args]);
  await soon(() => expect(bench.sentOf(SLOW)).toBeGreaterThan(PART_BYTES + 2 * MIB));
  return command;
}

async function expectGoneOn(bench: Bench): Promise<void> {
  const { code } = await bench.got(bench.urls(SLOW));
  expect(bench.results()).toMatchObject([{ state: "INDEXED", sha256: originSha256(SLOW) }]);
  expect(bench.origin.requestsOf(SLOW).at(-1)?.range).toMatch(/^bytes=\d{7,}-$/);
  expect(bench.sentOf(SLOW)).toBeLessThan(SLOW.size + PART_BYTES + IN_FLIGHT_BYTES);
  expect(code).toBe(0);
}

describe("a run that is stopped ends with 130, and the next one goes on in the middle of the file", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("by %s", async (signal) => {
    const bench = await Bench.start();
    const command = await startAndWait(bench);
    command.process.kill(signal);
    const ended = await command.ended();
    expect(ended.stdout).toContain("1 of 1 is not done. Run the same command again to go on");
    expect([ended.code, ended.stderr]).toEqual([130, ""]);
    await expectGoneOn(bench);
  });

  it("by a second Ctrl-C, at once", async () => {
    const bench = await Bench.start();
    const command = await startAndWait(bench);
    command.process.kill("SIGINT");
    await command.printed("Press Ctrl-C again");
    command.process.kill("SIGINT");
    expect((await command.ended()).code).toBe(130);
    await expectGoneOn(bench);
  });

  it("by Ctrl-C in a terminal, which reaches the worker processes as well", async () => {
    const bench = await Bench.start();
    const command = bench.get(bench.urls(SLOW), { ownGroup: true });
    await soon(() => expect(bench.sentOf(SLOW)).toBeGreaterThan(PART_BYTES + 2 * MIB));
    process.kill(-command.pid, "SIGINT");
    const ended = await command.ended();
    expect([ended.code, ended.stderr]).toEqual([130, ""]);
    await expectGoneOn(bench);
  });
});

it("Ctrl-C while earlier files are compared ends the run, and removes nothing", async () => {
  const bench = await Bench.start();
  const file: OriginFile = { name: "a.bin", size: 1000 };
  await bench.got(bench.urls(file));
  // A file that takes long to read.
  const bytes = 64 * 1024 * MIB;
  truncateSync(bench.contentPath(file), bytes);
  const database = new DatabaseSync(join(bench.out, ".fetchonce/state.db"));
  database.exec(`UPDATE ends SET outcome = json_set(outcome, '$.bytes', ${bytes})`);
  database.close();
  const command = bench.get([...bench.urls(file), "--verify"]);
  await command.printed("Comparing");
  command.process.kill("SIGINT");
  const ended = await command.ended();
  expect([ended.code, ended.stderr]).toEqual([130, "Stopped before anything was fetched.\n"]);
  expect(statSync(bench.contentPath(file)).size).toBe(bytes);
});

it("a reader that goes away (| head -1) does not disturb the run", async () => {
  const bench = await Bench.start();
  const files = Array.from({ length: 20 }, (_, n) => ({ name: `f${n}`, size: 100 + n, delayMs: 20 * n }));
  const command = bench.get([...bench.urls(...files), "-j", "2"]);
  await command.printed("20 URLs");
  command.process.stdout?.destroy();
  const { code, stderr } = await command.ended();
  expect([code, stderr]).toEqual([0, ""]);
  expect(bench.results()).toHaveLength(20);
  expect(bench.names()).toHaveLength(20);
});

describe("a worker process that dies", () => {
  it("is replaced, and its file goes on", async () => {
    const bench = await Bench.start();
    const command = await startAndWait(bench);
    for (const worker of workersOf(command.pid)) process.kill(worker, "SIGKILL");
    const ended = await command.ended();
    expect(ended.stdout).toContain("1 job taken over from a dead worker");
    expect(bench.results()).toMatchObject([{ state: "INDEXED", sha256: originSha256(SLOW), attempts: 2 }]);
    expect(bench.sentOf(SLOW)).toBeLessThan(SLOW.size + PART_BYTES + IN_FLIGHT_BYTES);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
  });

  it("more than twenty times in a row is replaced each time, if its file gets further", async () => {
    const bench = await Bench.start();
    const file = { name: "large", size: 700 * MIB, rate: 64 * MIB };
    const command = bench.get([...bench.urls(file), "--attempts", "100", "--ranges", "1"]);
    let [kills, sentBytes] = [0, 0];
    const killing = setInterval(() => {
      if (bench.sentOf(file) - sentBytes < 28 * MIB) return;
      sentBytes = bench.sentOf(file);
      for (const worker of workersOf(command.pid)) process.kill(worker, "SIGKILL");
      kills += 1;
    }, 20);
    const { code, stderr } = await command.ended().finally(() => clearInterval(killing));
    expect([code, stderr]).toEqual([0, ""]);
    expect(kills).toBeGreaterThan(20);
  });

  it("again and again ends the run with a sentence, and charges no job", async () => {
    const bench = await Bench.start();
    const file = { name: "never", size: 10, delayMs: 600_000 };
    const command = bench.get(bench.urls(file));
    await command.printed("1 URL");
    const killing = setInterval(() => {
      for (const worker of workersOf(command.pid)) process.kill(worker, "SIGKILL");
    }, 20);
    const ended = await command.ended().finally(() => clearInterval(killing));
    expect(ended.stdout).toContain("Stopped: Worker processes end again and again, and no job gets further. See ");
    expectNoStackTrace(ended);
    expect(ended.code).toBe(3);
  });
});
