import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openJournal } from "../../../local/aws/journal.ts";
import { lineSplitter } from "../../../local/shared/lines.ts";
import { tryLock } from "../../../local/shared/lock.ts";
import { startPipeline } from "../../../local/pipeline.ts";
import { startScheduler } from "../../../local/lambda/scheduler.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-state-"));
});
afterEach(async () => rm(folder, { recursive: true }));

const path = (): string => join(folder, "accepted.jsonl");

describe("the journal of accepted messages", () => {
  it("gives the next run the messages that this one accepted, each once, in order", async () => {
    const first = await openJournal(path());
    expect(first.pending).toEqual([]);
    await first.append(['{"n":1}', '{"n":2}']);
    await first.append(['{"n":2}', '{"n":3}']);
    await first.close();
    const second = await openJournal(path());
    await second.append(['{"n":1}']);
    await second.close();
    expect(second.pending).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(await readFile(path(), "utf8")).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
  });

  it("drops a line that a crash tore, and appends after the last complete one", async () => {
    const first = await openJournal(path());
    await first.append(['{"n":"é"}']);
    await first.close();
    await appendFile(path(), '{"n":');
    const second = await openJournal(path());
    await second.append(['{"n":3}']);
    await second.close();
    expect(second.pending).toEqual(['{"n":"é"}']);
    expect(await readFile(path(), "utf8")).toBe('{"n":"é"}\n{"n":3}\n');
  });

  it("is empty after it was cleared, and accepts the same messages again", async () => {
    const journal = await openJournal(path());
    await journal.append(['{"n":1}']);
    await journal.clear();
    expect(await readFile(path(), "utf8")).toBe("");
    await journal.append(['{"n":1}']);
    await journal.close();
    expect(await readFile(path(), "utf8")).toBe('{"n":1}\n');
  });
});

describe("the lock on a directory", () => {
  it("is held by one caller at a time, and is free again after its release", () => {
    const lock = join(folder, "lock");
    const release = tryLock(lock);
    expect(tryLock(lock)).toBeUndefined();
    release?.();
    const again = tryLock(lock);
    expect(again).toBeTypeOf("function");
    again?.();
  });

  it("is free again after the process that held it was killed", async () => {
    const lock = join(folder, "lock");
    const lockModule = new URL("../../../local/shared/lock.ts", import.meta.url).href;
    const program = `
      import { tryLock } from ${JSON.stringify(lockModule)};
      console.log(typeof tryLock(${JSON.stringify(lock)}));
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = await once(holder.stdout, "data");
    expect(String(said)).toBe("function\n");
    expect(tryLock(lock)).toBeUndefined();
    holder.kill("SIGKILL");
    await once(holder, "close");
    const release = tryLock(lock);
    expect(release).toBeTypeOf("function");
    release?.();
  });

  it("keeps a second pipeline out of the directory, with a message that says what to do", async () => {
    await mkdir(join(folder, ".fetchonce"));
    const release = tryLock(join(folder, ".fetchonce/lock"));
    await expect(startPipeline({ outDir: folder, workers: 1 })).rejects.toThrow(
      `Another run is working in ${folder}. Wait for it to end, stop it, or choose another directory with --out.`,
    );
    release?.();
  });

  it("fails with SQLite's error if the directory does not exist", () => {
    expect(() => tryLock(join(folder, "missing/lock"))).toThrow(/unable to open/);
  });
});

describe("the line splitter", () => {
  it.each([
    { pieces: ["a\nb\n"], lines: ["a", "b"] },
    { pieces: ["a", "b\nc", "\n"], lines: ["ab", "c"] },
    { pieces: ["a\n\nb"], lines: ["a", "", "b"] },
    { pieces: [], lines: [] },
  ])("splits $pieces into $lines", ({ pieces, lines }) => {
    const seen: string[] = [];
    const splitter = lineSplitter((line) => seen.push(line));
    for (const piece of pieces) splitter.push(piece);
    splitter.end();
    expect(seen).toEqual(lines);
  });
});

describe("the local scheduler", () => {
  it("invokes a function repeatedly, one run at a time and also after a failed run, until it is stopped", async () => {
    const enough = Promise.withResolvers<void>();
    const trouble: string[] = [];
    let running = 0;
    let mostAtOnce = 0;
    let runs = 0;
    const scheduler = startScheduler({
      everyMs: 1,
      invoke: async () => {
        running += 1;
        runs += 1;
        mostAtOnce = Math.max(mostAtOnce, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        if (runs === 3) enough.resolve();
        if (runs === 2) throw new Error("the second run failed");
      },
      onTrouble: (error) => trouble.push(error.message),
    });
    await enough.promise;
    await scheduler.stop();
    const whenStopped = runs;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect({ mostAtOnce, trouble, runsAfterStop: runs - whenStopped, running }).toEqual({
      mostAtOnce: 1,
      trouble: ["the second run failed"],
      runsAfterStop: 0,
      running: 0,
    });
  });
});
