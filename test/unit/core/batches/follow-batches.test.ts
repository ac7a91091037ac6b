import { parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { RESULT_COLUMNS } from "../../../../cli/results/result-rows.ts";
import { batchEnded } from "../../../../core/batches/batch-ended.ts";
import { batchItemKey, begunAgain, writeBatch } from "../../../../core/batches/batch-record.ts";
import { athenaTable } from "../../../../core/batches/report-files.ts";
import type { FollowerDeps } from "../../../../core/batches/follow-batches.ts";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import { BatchWorld, ID, jobAt, lineAt } from "./support.ts";

const FILES = [
  [1, 2, 5],
  [3, 4, 10],
  [6, 1],
] as const;
const ALL = FILES.flat();

const finished = async (): Promise<BatchWorld> => {
  const b = new BatchWorld();
  await b.submit(...FILES);
  await b.work(...ALL);
  await b.follow(2);
  return b;
};

describe("a batch", () => {
  it("waits until all of its jobs have ended, and is told of once, with what its rows say", async () => {
    const b = new BatchWorld();
    await b.submit(...FILES);
    await b.work(1, 2, 3, 4, 6);
    await b.follow(3);
    expect([b.record.phase, b.events]).toEqual(["waiting", []]);
    await b.work(5, 10);
    await b.follow(3);
    expect(b.told).toHaveLength(1);
    expect(batchEnded.parse(b.told[0])).toMatchObject({
      id: `${ID}-1`,
      lines: 8,
      // Two lines are the same job, and all files have the same bytes.
      indexed: 2,
      deduped: 4,
      failed: 2,
      reasons: { http_404: 2 },
      report: `batches/${ID}/report-1/`,
    });
    expect(b.events[0]).toMatchObject({ source: "fetchonce", type: "Batch Ended" });
    expect(JSON.parse(String(b.files.all.get(`batches/${ID}/report-1/summary.json`)))).toEqual(b.told[0]);
    expect(b.world.items.all.get(batchItemKey(ID))).not.toHaveProperty("watch_at");
  });

  it("reports a row for each line, in the list's order, with the list's own columns", async () => {
    const b = await finished();
    expect(b.rows().map(({ job_id }) => job_id)).toEqual(ALL.map((n) => lineAt(n).job_id));
    for (const [place, row] of b.rows().entries()) {
      const n = ALL[place] ?? 0;
      const item = b.world.items.all.get(jobItemKey(jobIdOf(jobAt(n))));
      expect(row).toMatchObject({ ...jobAt(n), ...lineAt(n).columns, state: item?.["state"] });
      expect(row["reason"]).toBe(n % 5 === 0 ? "http_404" : null);
    }
  });

  it("reports the columns that a local run's results have, but the path of a file on the disk", async () => {
    const b = await finished();
    const ours = RESULT_COLUMNS.filter((name) => name !== "path");
    expect(Object.keys(b.rows()[0] ?? {})).toEqual([...ours, "n", "half", "note"]);
  });

  it("reports the same rows as Parquet, with one type for each column in all files", async () => {
    const b = await finished();
    const parts = [...b.files.all].filter(([key]) => key.endsWith(".parquet"));
    const rows = [];
    for (const [, part] of parts)
      rows.push(...(await parquetReadObjects({ file: (part as Uint8Array).slice().buffer })));
    const plain = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : (value ?? null)]),
      ),
    );
    expect(parts).toHaveLength(FILES.length);
    expect(plain).toEqual(b.rows());
  });

  it("says how to make a table of the report", async () => {
    const b = await finished();
    const table = athenaTable(b.record, { n: "INT64", "a note": "STRING" }, "archive");
    expect(table).toContain(`LOCATION 's3://archive/batches/${ID}/report-1/parquet/'`);
    expect(table).toContain("`n` bigint,\n  `a note` string\n)");
    expect(b.files.all.get(`batches/${ID}/report-1/table.sql`)).toContain("`half` double");
  });

  it("waits for lines that are not submitted yet, and for a job whose record is gone", async () => {
    const b = new BatchWorld();
    await b.submit(...FILES);
    await b.work(...ALL);
    const [[key, last]] = [...b.files.all].filter(([each]) => each.includes("jobs/00002")) as [[string, string]];
    b.files.all.delete(key);
    await b.follow(2);
    expect(b.record).toMatchObject({ phase: "waiting", filesDone: 2 });
    b.files.all.set(key, last);
    b.world.items.expire(jobItemKey(jobIdOf(jobAt(6))));
    await b.follow(2);
    expect(b.events).toEqual([]);
  });

  it("waits for a job that is reopened while the report is written", async () => {
    const b = new BatchWorld();
    await b.submit(...FILES);
    await b.work(...ALL);
    const key = jobItemKey(jobIdOf(jobAt(10)));
    const failed = b.world.items.all.get(key);
    const write: FollowerDeps["files"]["write"] = async (name, content) => {
      if (name.endsWith("00000.parquet"))
        await b.world.items.write({
          key,
          when: [[{ attribute: "state", is: "=", than: "FAILED" }]],
          set: { state: "LEASED" },
        });
      return b.files.write(name, content);
    };
    await b.follow(1, { ...b.deps, files: { ...b.files, write } });
    expect(b.record).toMatchObject({ phase: "reporting", filesDone: 1 });
    await b.world.items.write({ key, when: [[{ attribute: "state", is: "=", than: "LEASED" }]], set: failed ?? {} });
    await b.follow(1);
    expect(b.told).toMatchObject([{ failed: 2 }]);
  });

  it("is told of again when it was begun again, under its next revision", async () => {
    const b = await finished();
    await b.world.items.write(writeBatch(b.record, begunAgain(b.record, b.world.clock.nowMs()), "retry"));
    await b.follow(2);
    expect(b.told.map(({ id, failed }) => [id, failed])).toEqual([
      [`${ID}-1`, 2],
      [`${ID}-2`, 2],
    ]);
    expect(b.rows(2)).toEqual(b.rows(1));
  });

  it("is not ended by a run that began before it was begun again", async () => {
    const b = new BatchWorld();
    await b.submit(...FILES);
    await b.work(...ALL);
    const write: FollowerDeps["items"]["write"] = async (asked) => {
      if (b.record.phase === "reporting" && b.record.revision === 1)
        await b.world.items.write(writeBatch(b.record, begunAgain(b.record, b.world.clock.nowMs()), "retry"));
      return b.world.items.write(asked);
    };
    await b.follow(1, { ...b.deps, items: { ...b.deps.items, write } });
    expect([b.record.revision, b.record.phase]).toEqual([2, "waiting"]);
  });

  it("is looked at less often the longer it lasts: after a minute at first, and a quarter of an hour at most", async () => {
    const b = new BatchWorld();
    await b.submit([1]);
    const waits: number[] = [];
    for (const ageMs of [0, 20 * 60_000, 10 * 3_600_000]) {
      await b.world.clock.advance(ageMs);
      const { looked } = (await b.follow())[0] ?? {};
      expect(looked).toBe(1);
      waits.push(Number(b.record.watchAtMs) - b.world.clock.nowMs() + 60_000);
    }
    expect(waits).toEqual([60_000, 126_000, 900_000]);
  });

  it("is no longer followed if it has not ended for 30 days, until it is begun again", async () => {
    const b = new BatchWorld();
    await b.submit([1], [2]);
    await b.follow(1);
    await b.world.clock.advance(31 * 24 * 3_600_000);
    await b.follow(1);
    expect(b.record).toMatchObject({ phase: "waiting" });
    expect(b.record.watchAtMs).toBeUndefined();
    await b.world.items.write(writeBatch(b.record, begunAgain(b.record, b.world.clock.nowMs()), "retry"));
    await b.follow(1);
    expect(Number(b.record.watchAtMs) - b.world.clock.nowMs()).toBe(0);
    await b.work(1, 2);
    await b.follow(1);
    expect(b.told).toMatchObject([{ id: `${ID}-2`, lines: 2 }]);
  });

  it("is not told of where nothing is announced", async () => {
    const b = new BatchWorld();
    await b.submit(...FILES);
    await b.work(...ALL);
    await b.follow(2, { ...b.deps, bus: undefined });
    expect([b.record.phase, b.record.watchAtMs, b.events]).toEqual(["ended", undefined, []]);
  });

  it("is told of in the next run if the bus refuses", async () => {
    const b = new BatchWorld();
    await b.submit(...FILES);
    await b.work(...ALL);
    const refusing = { publish: async () => Promise.resolve({ taken: 0, refusal: "ThrottlingException" }) };
    expect(await b.follow(1, { ...b.deps, bus: refusing })).toEqual([undefined]);
    await b.follow(1);
    expect(b.told).toHaveLength(1);
  });

  it("tells apart fifty reasons, and counts all", async () => {
    const b = new BatchWorld();
    const numbers = Array.from({ length: 60 }, (_, n) => 5 * (n + 1));
    await b.submit(numbers);
    await b.work(...numbers);
    for (const n of numbers)
      await b.world.items.write({
        key: jobItemKey(jobIdOf(jobAt(n))),
        when: [[{ attribute: "state", is: "=", than: "FAILED" }]],
        set: { reason: `reason_${n}` },
      });
    await b.follow(1);
    const [{ reasons } = { reasons: {} }] = b.told;
    expect(Object.keys(reasons)).toHaveLength(51);
    expect(Object.values<number>(reasons).reduce((sum, count) => sum + count, 0)).toBe(60);
  });

  it("that cannot be read keeps no other one waiting, and the run fails", async () => {
    const b = new BatchWorld();
    await b.submit(...FILES);
    await b.work(...ALL);
    await b.world.items.write({
      key: "BATCH#other",
      when: [[{ attribute: "pk", is: "absent" }]],
      set: { watch_at: 0, watch_shard: -1 },
    });
    expect(await b.follow(1)).toEqual([undefined]);
    expect(b.told).toHaveLength(1);
  });

  it.each([
    { file: "jobs/00001.jsonl.gz", text: "no JSON" },
    { file: "batch.json", text: undefined },
    { file: "batch.json", text: '{"schema_version":1}' },
  ])("says which file was changed: $file", async ({ file, text }) => {
    const b = new BatchWorld();
    await b.submit(...FILES);
    await b.work(...ALL);
    const key = `batches/${ID}/${file}`;
    if (text === undefined) b.files.all.delete(key);
    else b.files.all.set(key, text);
    const said: string[] = [];
    const telemetry = { ...b.deps.telemetry, log: (...[, , , error]: unknown[]) => void said.push(String(error)) };
    await b.follow(1, { ...b.deps, telemetry });
    expect(said).toEqual([expect.stringContaining(`The file ${key} of a batch cannot be used`)]);
  });
});
