import { appendFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openJournal } from "../../embedded-aws/aws/journal.ts";
import { tryLock } from "../../../local/shared/lock.ts";
import { startPipeline } from "../../embedded-aws/pipeline.ts";
import { startScheduler } from "../../embedded-aws/lambda/scheduler.ts";

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

it("keeps a second pipeline out of the directory, with a message that says what to do", async () => {
  await mkdir(join(folder, ".fetchonce"));
  const release = tryLock(join(folder, ".fetchonce/lock"));
  await expect(startPipeline({ outDir: folder, workers: 1 })).rejects.toThrow(
    `Another run is working in ${folder}. Wait for it to end, stop it, or choose another directory with --out.`,
  );
  release?.();
});

describe("the embedded scheduler", () => {
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
