import { describe, expect, it } from "vitest";
import { type BatchLine, LINES_IN_A_FILE, readColumns, readLines } from "../../../../core/batches/batch-lines.ts";
import { batchItemKey, decodeBatch } from "../../../../core/batches/batch-record.ts";
import { jobIdOf } from "../../../../core/producer/check-job.ts";
import { Bench, taken, urls } from "./support.ts";

const STACK = "fetchonce-prod";
const idIn = (out: string): string => /^Batch: ([0-9a-f]{20})\n$/m.exec(out)?.[1] ?? "none";
const recordOf = (bench: Bench, id: string) => decodeBatch(bench.items.all.get(batchItemKey(id)) ?? {});

async function linesIn(bench: Bench, id: string): Promise<readonly BatchLine[]> {
  const pages = await Promise.all(
    Array.from({ length: recordOf(bench, id).files }, async (_, file) => readLines(bench.files, id, file)),
  );
  return pages.flatMap((page) => page ?? []);
}

describe("a list that is submitted to a deployment", () => {
  it("is a batch of its lines, with all of its columns, whichever of them go with the jobs", async () => {
    const bench = new Bench();
    const list = bench.list("urls.csv", ["url,Note,size", `${urls(1)[0]},mine,7`, `${urls(1, 1)[0]},,8`]);
    const ended = await bench.submitTo(STACK, [list, "--no-metadata"]);
    const id = idIn(ended.out);
    expect(recordOf(bench, id)).toMatchObject({ name: list, lines: 2, files: 1, phase: "waiting", revision: 1 });
    const [first = "", second = ""] = urls(2);
    expect(await linesIn(bench, id)).toMatchObject([
      { job_id: jobIdOf({ url: first }), url: first, work_id: "host-0.example", columns: { Note: "mine", size: "7" } },
      { job_id: jobIdOf({ url: second }), url: second, columns: { size: "8" } },
    ]);
    expect(await readColumns(bench.files, id)).toEqual({ Note: "STRING", size: "STRING" });
    expect(bench.jobs[0]).not.toHaveProperty("metadata");
  });

  it("gives each column the type that all of its values have", async () => {
    const bench = new Bench();
    const rows = [
      { whole: 1, number: 1, flag: true, mixed: 1, nothing: null },
      { whole: 2, number: 1.5, flag: false, mixed: "two", nothing: null },
    ];
    const lines = rows.map((metadata, n) => JSON.stringify({ url: urls(2)[n], metadata }));
    const list = bench.list("urls.jsonl", lines);
    const { out } = await bench.submitTo(STACK, [list]);
    expect(await readColumns(bench.files, idIn(out))).toEqual({
      whole: "INT64",
      number: "DOUBLE",
      flag: "BOOLEAN",
      mixed: "STRING",
      nothing: "STRING",
    });
  });

  it("is whole before its first job is sent, in files of 10,000 lines", async () => {
    const bench = new Bench();
    const count = LINES_IN_A_FILE + 5;
    let atFirstJob = 0;
    bench.answer = async (entries) => {
      const [key] = [...bench.items.all.keys()];
      if (bench.jobs.length === 0) atFirstJob = decodeBatch(bench.items.all.get(key ?? "") ?? {}).lines;
      return taken(entries);
    };
    const { out } = await bench.submitTo(STACK, [bench.list("urls.txt", urls(count))]);
    const id = idIn(out);
    expect([atFirstJob, recordOf(bench, id).files, bench.jobs.length]).toEqual([count, 2, count]);
    expect((await linesIn(bench, id)).map(({ url }) => url)).toEqual(urls(count));
  });

  it("is the same batch from every run of it, which is not begun again by that", async () => {
    const bench = new Bench();
    const list = bench.list("urls.txt", urls(12));
    const first = idIn((await bench.submitTo(STACK, [list])).out);
    await bench.items.write({
      key: batchItemKey(first),
      when: [[{ attribute: "version", is: "=", than: 1 }]],
      set: { phase: "ended", version: 2 },
    });
    expect(idIn((await bench.submitTo(STACK, [list])).out)).toBe(first);
    expect(idIn((await bench.submitTo(STACK, [list, "--again"])).out)).toBe(first);
    expect(recordOf(bench, first).phase).toBe("ended");
    expect(idIn((await bench.submitTo(STACK, [list, "--no-metadata", "--again"])).out)).not.toBe(first);
  });

  it("goes on where it stopped, and its batch is not made again", async () => {
    const bench = new Bench();
    const list = bench.list("urls.txt", urls(5_000));
    bench.answer = async (entries) => {
      if (bench.jobs.length >= 1_000) bench.stop.abort();
      return taken(entries);
    };
    const stopped = await bench.submitTo(STACK, [list]);
    const next = new Bench(bench.folder);
    const ended = await next.submitTo(STACK, [list]);
    expect([idIn(stopped.out), next.files.all.size]).toEqual([idIn(ended.out), 0]);
    expect(bench.jobs.length + next.jobs.length).toBe(5_000);
  });

  it.each(["jobs/", "batch.json"])("sends nothing if %s cannot be written, and says what to do", async (part) => {
    const bench = new Bench();
    const refusing = async (...args: Parameters<typeof bench.files.write>): Promise<void> => {
      if (args[0].includes(part)) throw Object.assign(new Error("You may not."), { name: "AccessDenied" });
      return bench.files.write(...args);
    };
    bench.store = bench.store && { ...bench.store, files: { ...bench.files, write: refusing } };
    const list = bench.list("urls.txt", urls(20));
    const ended = await bench.submitTo(STACK, [list]);
    expect(ended.err).toMatch(/No batch could be made of .*urls\.txt: AccessDenied: You may not\..* --no-batch/s);
    expect([ended.code, bench.jobs.length, bench.items.all.size]).toEqual([1, 0, 0]);
    expect(await bench.submitTo(STACK, [list, "--no-batch"])).toMatchObject({ code: 0 });
  });

  it.each([
    { what: "with --no-batch", args: ["--no-batch"], hasStore: true },
    { what: "at a deployment of a release that makes none", args: [], hasStore: false },
  ])("is no batch $what", async ({ args, hasStore }) => {
    const bench = new Bench();
    if (!hasStore) bench.store = undefined;
    const ended = await bench.submitTo(STACK, [bench.list("urls.txt", urls(3)), ...args]);
    expect(ended.out).toMatch(/\nId: [0-9a-f]{32}\n$/);
    expect([bench.files.all.size, bench.items.all.size, bench.jobs.length]).toEqual([0, 0, 3]);
  });

  it("names the batch for programs", async () => {
    const bench = new Bench();
    const ended = await bench.submitTo(STACK, [bench.list("urls.txt", urls(3)), "--json"]);
    expect(JSON.parse(ended.out)).toMatchObject({ batch: expect.stringMatching(/^[0-9a-f]{20}$/), done: true });
  });
});
