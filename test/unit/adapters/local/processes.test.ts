/** Several real processes at work on one database and one folder of content. */
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { localItems } from "../../../../adapters/local/items.ts";
import { localQueue } from "../../../../adapters/local/queue.ts";
import { localStaging } from "../../../../adapters/local/staging.ts";
import { ChildProgram, moduleOf } from "../../../child-program.ts";
import { databaseForEachTest, folderForEachTest } from "./support.ts";

const PROCESSES = 4;

const ITEMS = `
  import { LocalDatabase } from ${moduleOf("adapters/local/database.ts")};
  import { localItems } from ${moduleOf("adapters/local/items.ts")};
  const [path, name] = process.argv.slice(-2);
  const database = new LocalDatabase(path, { checkpoints: false });
  const items = localItems(database);`;

/** Counts up by reading, and by writing if nobody has written since. Prints the numbers that it wrote first. */
const COUNTER = `${ITEMS}
  const mine = [];
  while (mine.length < 50) {
    const seen = await items.read("COUNTER");
    const unchanged = seen
      ? { attribute: "count", is: "=", than: seen.count }
      : { attribute: "count", is: "absent" };
    const count = (seen?.count ?? 0) + 1;
    const { applied } = await items.write({ key: "COUNTER", when: [[unchanged]], set: { count }, add: { writes: 1 } });
    if (applied) mine.push(count);
  }
  console.log(JSON.stringify(mine));`;

/** Takes the lease of one job again and again, whether or not it is held. Prints the fences under which it wrote. */
const HOLDER = `${ITEMS}
  import { isAtStep, asStep, renewLease, takeLease } from ${moduleOf("core/model/protocol.ts")};
  const message = { work_id: "w", artifact_id: "a", url: "https://origin.example/file" };
  const jobId = "0".repeat(32);
  const written = [];
  for (let turn = 1; turn <= 60; turn++) {
    const owner = name + "/" + turn;
    // By its clock, every lease has expired.
    const nowMs = turn * 1_000_000;
    const taken = await items.write(takeLease({ jobId, message, owner, nowMs, ttlMs: 1, headKey: "key", watchShards: 8 }));
    if (!taken.applied) continue;
    const lease = { jobId, owner, fence: taken.item.fence, takenAtMs: nowMs };
    const write = asStep(renewLease(lease, nowMs, 1), 1);
    const { applied, item } = await items.write(write);
    if (applied !== isAtStep(item, lease, 1)) throw new Error("A write was applied under another fence.");
    if (applied) written.push(lease.fence);
  }
  console.log(JSON.stringify(written));`;

/** Writes pairs of items, each pair in one commit, until it is killed. */
const PAIRS = `${ITEMS}
  console.log("up");
  for (let n = 1; ; n++) {
    const write = (key) => items.write({ key, when: [[{ attribute: "n", is: "<", than: n }], [{ attribute: "n", is: "absent" }]], set: { n } });
    await Promise.all([write("LEFT"), write("RIGHT")]);
    if (n === 20) console.log("at work");
  }`;

/** Takes messages until none is left, and prints their bodies. */
const RECEIVER = `${ITEMS}
  import { localQueue } from ${moduleOf("adapters/local/queue.ts")};
  const queue = localQueue(database, { clock: { nowMs: () => 1000 }, holder: name, visibilityMs: 1, mostReceives: 5 });
  const mine = [];
  for (;;) {
    const received = await queue.receive(3);
    if (received.length === 0) break;
    mine.push(...received.map(({ body }) => body));
    await Promise.all(received.map((message) => queue.delete(message)));
  }
  console.log(JSON.stringify(mine));`;

/** Publishes the same content as the others. */
const PUBLISHER = `
  import fs from "node:fs";
  import { join } from "node:path";
  import { localContent } from ${moduleOf("adapters/local/content.ts")};
  import { localStaging } from ${moduleOf("adapters/local/staging.ts")};
  const [folder, name] = process.argv.slice(-2);
  const staging = localStaging(join(folder, "staging"), 8);
  const content = localContent(join(folder, "content"), staging.pathOf);
  const outcomes = [];
  for (let round = 0; round < 30; round++) {
    const key = "staging/" + name + "/" + round;
    const body = Buffer.from("content " + round);
    const { etag } = await staging.put(key, body);
    const staged = { key, etag, bytes: body.length, contentType: "" };
    outcomes.push(await content.publish(staged, "sha256/aa/bb/" + round, new AbortController().signal));
    await staging.delete(key);
  }
  console.log(JSON.stringify(outcomes));`;

/** What each of several processes prints at its end. */
async function printedBy(program: string, path: string): Promise<readonly unknown[][]> {
  const children = Array.from({ length: PROCESSES }, (_, index) => new ChildProgram(program, [path, `p${index}`]));
  try {
    return await Promise.all(children.map(async (child) => JSON.parse(await child.line()) as unknown[]));
  } finally {
    await Promise.all(children.map(async (child) => child[Symbol.asyncDispose]()));
  }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("several processes on one database", { timeout: 60_000 }, () => {
  const opened = databaseForEachTest();

  it("lose no update of each other: each number is written once", async () => {
    const numbers = (await printedBy(COUNTER, opened.path)).flat() as number[];
    expect(numbers.toSorted((a, b) => a - b)).toEqual(upTo(PROCESSES * 50));
    const counter = await localItems(opened.database).read("COUNTER");
    expect(counter).toEqual({ pk: "COUNTER", count: PROCESSES * 50, writes: PROCESSES * 50 });
  });

  it("never write under the same fence", async () => {
    const fences = (await printedBy(HOLDER, opened.path)).flat() as number[];
    expect(new Set(fences).size).toBe(fences.length);
    const job = await localItems(opened.database).read(`JOB#${"0".repeat(32)}`);
    expect(Math.max(...fences)).toBeLessThanOrEqual(Number(job?.["fence"]));
  });

  it("take each message once", async () => {
    const options = { clock: { nowMs: () => 0 }, holder: "test", visibilityMs: 1, mostReceives: 5 };
    const bodies = Array.from({ length: 100 }, (_, index) => `message ${index}`);
    await localQueue(opened.database, options).send(bodies.map((body) => ({ body, group: "g" })));
    const taken = (await printedBy(RECEIVER, opened.path)).flat() as string[];
    expect(taken.toSorted()).toEqual(bodies.toSorted());
  });

  it("see all or nothing of what one of them wrote when it was killed, and go on", async () => {
    const child = new ChildProgram(PAIRS, [opened.path, "p"]);
    await child.untilLine(/^at work/);
    await child.kill();
    const items = localItems(opened.database);
    const [left, right] = [await items.read("LEFT"), await items.read("RIGHT")];
    expect(left?.["n"]).toBeGreaterThanOrEqual(20);
    expect(right?.["n"]).toBe(left?.["n"]);
    const always = [[{ attribute: "never", is: "absent" }]] as const;
    expect((await items.write({ key: "LEFT", when: always, set: { n: 0 } })).applied).toBe(true);
  });
});

describe("several processes that publish the same content", { timeout: 60_000 }, () => {
  const folder = folderForEachTest();

  it("create it once, whole, and nothing else", async () => {
    mkdirSync(join(folder.path, "staging"));
    const outcomes = await printedBy(PUBLISHER, folder.path);
    const place = join(folder.path, "content/sha256/aa/bb");
    expect(readdirSync(place).toSorted()).toEqual(
      upTo(30)
        .map((n) => String(n - 1))
        .toSorted(),
    );
    for (let round = 0; round < 30; round++) {
      expect(outcomes.filter((all) => all[round] === "created")).toHaveLength(1);
      expect(readFileSync(join(place, String(round)), "utf8")).toBe(`content ${round}`);
      expect(statSync(join(place, String(round))).nlink).toBe(1);
    }
    const { found } = await localStaging(join(folder.path, "staging"), 8).litter(undefined, 10);
    expect(found).toEqual([]);
  });
});
