/** `fetchonce get` under kill -9: of single worker processes, and of the whole run. */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { originSha256 } from "../../../local/origin/content.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { Bench, KIB, MIB, PART_BYTES, type Command, type Ended } from "../../e2e/get/support.ts";

const KILL_EVERY_MS = 2_000;
/** Over one connection: the origin's rate holds per connection, and the run shall last for several kills. */
const ONE_CONNECTION = ["--ranges", "1"];
/** Sent by the origin and not staged when the run dies: what connections hold, and the part that is being filled. */
const LOST_BY_A_KILL_BYTES = PART_BYTES + 12 * MIB;

const BIG: OriginFile = { name: "big.bin", size: 256 * MIB, rate: 16 * MIB };
const FILES: readonly OriginFile[] = [
  BIG,
  ...Array.from({ length: 199 }, (_, n) => ({ name: `file-${n}.bin`, size: 20 * KIB + n * 611, delayMs: 300 })),
];

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** @param kills how often everything that was under way was lost. */
async function expectAllWhole(bench: Bench, kills: number): Promise<void> {
  const results = new Map(bench.results().map((result) => [result["url"], result]));
  expect(results.size).toBe(FILES.length);
  for (const file of FILES) {
    const result = results.get(bench.origin.urlOf(file));
    expect.soft(result, file.name).toMatchObject({ state: "INDEXED", sha256: originSha256(file) });
    const path = join(bench.out, "files", String(result?.["path"]));
    expect.soft(await sha256OfFile(path), file.name).toBe(originSha256(file));
  }
  expect(bench.names()).toHaveLength(FILES.length);
  expect(bench.sentOf(BIG)).toBeLessThanOrEqual(BIG.size + kills * LOST_BY_A_KILL_BYTES);
  for (const file of FILES.slice(1))
    expect.soft(bench.sentOf(file), file.name).toBeLessThanOrEqual((kills + 1) * file.size);
  const refetched = FILES.slice(1).reduce((sum, file) => sum + bench.sentOf(file) / file.size - 1, 0);
  console.info(
    `${kills} kills; big file sent ${(bench.sentOf(BIG) / BIG.size).toFixed(2)} times; ${refetched} small files sent again`,
  );
}

const isOver = (command: Command): boolean => command.process.exitCode !== null || command.process.signalCode !== null;

/** Starts the command again and again, and kills its whole process group each time, until it ends by itself. */
async function killUntilDone(bench: Bench, args: readonly string[]): Promise<{ kills: number; last: Ended }> {
  for (let kills = 0; ; kills++) {
    const command = bench.get(args, { ownGroup: true });
    const ended = command.ended();
    await Promise.race([ended, sleep(KILL_EVERY_MS + 1000 * Math.random())]);
    if (isOver(command)) return { kills, last: await ended };
    process.kill(-command.pid, "SIGKILL");
    await ended;
    expect(bench.results().filter(({ state }) => state === "FAILED")).toEqual([]);
  }
}

it("kill -9 of the whole run each 2 s until it is done: all whole, and none fetched beyond a part a kill", async () => {
  const bench = await Bench.start();
  const list = await bench.list("list.txt", bench.urls(...FILES));
  const { kills, last } = await killUntilDone(bench, [list, "--workers", "2", "--quiet", ...ONE_CONNECTION]);
  expect([last.code, last.stderr]).toEqual([0, ""]);
  expect(kills).toBeGreaterThan(3);
  await expectAllWhole(bench, kills);
});

it("kill -9 of a worker process each second: the run goes on by itself, and nothing is lost or repeated", async () => {
  const bench = await Bench.start();
  const list = await bench.list("list.txt", bench.urls(...FILES));
  const command = bench.get([list, "--workers", "3", "--attempts", "50", ...ONE_CONNECTION]);
  let kills = 0;
  const killing = setInterval(() => {
    if (isOver(command)) return;
    const workers = childrenOf(command.pid);
    const victim = workers[Math.floor(Math.random() * workers.length)];
    if (victim === undefined) return;
    process.kill(victim, "SIGKILL");
    kills += 1;
  }, 1000);
  const { code, stderr, stdout } = await command.ended().finally(() => clearInterval(killing));
  expect([code, stderr, code === 0 ? "" : stdout]).toEqual([0, "", ""]);
  await expectAllWhole(bench, kills);
});
