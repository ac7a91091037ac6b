import { parse } from "csv-parse/sync";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkResultsPath, ResultsPathError, writeResults } from "../../../../cli/results/write-results.ts";
import { failed, MadeUpRun, SHA256, stored } from "../made-up-run.ts";

const url = (n: number): string => `https://example.org/${n}.pdf`;
const OURS = [
  "job_id",
  "work_id",
  "artifact_id",
  "url",
  "state",
  "sha256",
  "bytes",
  "content_type",
  "key",
  "attempts",
  "reason",
  "path",
  "failure_class",
  "final_url",
  "file_name",
  "etag",
  "last_modified",
  "content_encoding",
  "decoded_from",
  "digest_source",
  "previous_job",
  "unchanged",
];

async function textOf(run: MadeUpRun, name: string): Promise<string> {
  await writeResults(run.path(name), run.database, 1);
  return readFileSync(run.path(name), "utf8");
}

async function csvOf(run: MadeUpRun, name = "results.csv"): Promise<readonly Record<string, string>[]> {
  const delimiter = name.endsWith(".tsv") ? "\t" : ",";
  return parse(await textOf(run, name), { columns: true, delimiter });
}

async function parquetOf(run: MadeUpRun) {
  const path = run.path("results.parquet");
  await writeResults(path, run.database, 1);
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const types = Object.fromEntries(
    parquetSchema(metadata).children.map(({ element }) => [element.name, element.converted_type ?? element.type]),
  );
  return {
    rows: await parquetReadObjects({ file }),
    types,
    groups: metadata.row_groups.map((group) => Number(group.num_rows)),
  };
}

/** A stored, a failed and an open job, of which the first is named by two lines with columns of their own. */
function smallRun(): { readonly run: MadeUpRun; readonly jobIds: readonly string[] } {
  const run = new MadeUpRun();
  const jobIds = run.addAll([
    { url: url(1), outcome: stored(5_000_000_000), name: "example.org/1.pdf", metadata: { title: "One" } },
    { url: url(2), outcome: failed("http_404") },
    { url: url(3), metadata: { year: "1999" } },
    { url: url(1), outcome: stored(5_000_000_000), name: "example.org/1.pdf", metadata: { title: "One again" } },
  ]);
  return { run, jobIds };
}

describe("the results of a list", () => {
  it("have a row for each line, in the order of the list, in each format", async () => {
    const { run, jobIds } = smallRun();
    const expected = [
      { job_id: jobIds[0], url: url(1), state: "INDEXED", title: "One" },
      { job_id: jobIds[1], url: url(2), state: "FAILED", reason: "http_404" },
      { job_id: jobIds[2], url: url(3), state: null, sha256: null, path: null, year: "1999" },
      { job_id: jobIds[0], url: url(1), state: "INDEXED", title: "One again", path: "example.org/1.pdf" },
    ];
    const lines = (await textOf(run, "results.jsonl")).trimEnd().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject(expected);
    expect((await parquetOf(run)).rows).toMatchObject(expected);
    const asText = expected.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? ""])),
    );
    expect(await csvOf(run)).toMatchObject(asText);
    expect(await csvOf(run, "results.tsv")).toMatchObject(asText);
  });

  it("have our columns first, then all that any line has of the user's own, in the order in which they appear", async () => {
    const { run, jobIds } = smallRun();
    const [header, ...rows] = parse(await textOf(run, "results.csv"));
    expect(header).toEqual([...OURS, "title", "year"]);
    const key = `sha256/ab/ab/${SHA256}`;
    expect(rows[0]).toEqual([
      jobIds[0],
      "w",
      "a",
      url(1),
      "INDEXED",
      SHA256,
      "5000000000",
      "application/pdf",
      key,
      "1",
      "",
      "example.org/1.pdf",
      "",
      url(1),
      "1.pdf",
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      "One",
      "",
    ]);
    expect(rows[2]).toEqual([
      jobIds[2],
      "w",
      "a",
      url(3),
      ...Array.from({ length: OURS.length - 3 }, () => ""),
      "1999",
    ]);
  });

  it("have the user's own column in the place of one of ours about the origin that has its name", async () => {
    const run = new MadeUpRun();
    run.add({ url: url(1), metadata: { etag: "mine", file_name: "mine.pdf" } });
    const [row] = await csvOf(run);
    expect(row).toMatchObject({ etag: "mine", file_name: "mine.pdf" });
    expect((await parquetOf(run)).rows).toMatchObject([{ etag: "mine", file_name: "mine.pdf" }]);
    expect(parse(await textOf(run, "results.csv"))[0]).toEqual(OURS);
  });

  it("keep every value of the user's own through CSV and TSV", async () => {
    const run = new MadeUpRun();
    const values = ['say "hi"', "a,b", "a\tb", "two\r\nlines", "  blanks  ", "=SUM(A1)", "ä€🙂", "", "'", "\\N"];
    values.forEach((value, n) => run.add({ url: url(n), metadata: { 'my, "own" column': value } }));
    run.add({ url: url(99), metadata: { 'my, "own" column': { deep: [1, "x"] } } });
    const expected = [...values, '{"deep":[1,"x"]}'];
    for (const name of ["results.csv", "results.tsv"])
      expect((await csvOf(run, name)).map((row) => row['my, "own" column'])).toEqual(expected);
  });

  it("quote an empty text in CSV, which no value is not, and end lines as RFC 4180 says", async () => {
    const run = new MadeUpRun();
    run.add({ url: url(1), metadata: { a: "", b: null, c: false } });
    expect(await textOf(run, "results.csv")).toMatch(/,"",,false\r\n$/);
    expect(await textOf(run, "results.tsv")).toMatch(/\t""\t\tfalse\n$/);
  });

  it("have types in Parquet: of the user's own columns, where all values agree", async () => {
    const run = new MadeUpRun();
    run.add({
      url: url(1),
      outcome: stored(2 ** 40),
      metadata: { whole: 1, part: 1, flag: true, text: "x", mixed: 1, deep: { a: 1 }, none: null, huge: 2 ** 60 },
    });
    run.add({ url: url(2), metadata: { whole: -2, part: 0.5, flag: false, mixed: "two", deep: [null] } });
    const { rows, types } = await parquetOf(run);
    expect(types).toMatchObject({
      url: "UTF8",
      bytes: "INT64",
      attempts: "INT64",
      whole: "INT64",
      part: "DOUBLE",
      flag: "BOOLEAN",
      text: "UTF8",
      mixed: "UTF8",
      deep: "UTF8",
      none: "UTF8",
      huge: "DOUBLE",
    });
    expect(rows[0]).toMatchObject({
      bytes: 2n ** 40n,
      attempts: 1n,
      whole: 1n,
      part: 1,
      flag: true,
      mixed: "1",
      deep: '{"a":1}',
      none: null,
      huge: 2 ** 60,
    });
    expect(rows[1]).toMatchObject({
      bytes: null,
      whole: -2n,
      part: 0.5,
      flag: false,
      text: null,
      mixed: "two",
      deep: "[null]",
    });
  });

  it("are written in groups of 10,000 rows in Parquet, and page by page everywhere", async () => {
    const run = new MadeUpRun();
    run.addAll(Array.from({ length: 20_001 }, (_, n) => ({ url: url(n), metadata: { n } })));
    const { groups, rows } = await parquetOf(run);
    expect(groups).toEqual([10_000, 10_000, 1]);
    expect(rows.map(({ n }) => Number(n))).toEqual(Array.from({ length: 20_001 }, (_, n) => n));
    expect((await csvOf(run)).map(({ n }) => Number(n))).toEqual(rows.map(({ n }) => Number(n)));
  }, 60_000);

  it("of a list without lines are a file without rows", async () => {
    const run = new MadeUpRun();
    expect(await textOf(run, "results.csv")).toBe(`${OURS.join(",")}\r\n`);
    expect(await textOf(run, "results.jsonl")).toBe("");
    expect((await parquetOf(run)).rows).toEqual([]);
  });

  it("leave out the lines of other lists", async () => {
    const { run } = smallRun();
    run.database.exec("UPDATE lines SET list = 2 WHERE line > 1");
    expect(await csvOf(run)).toHaveLength(1);
  });
});

describe("the file of the results", () => {
  it("stays as it was when new results cannot be written, and no draft is left", async () => {
    const { run } = smallRun();
    writeFileSync(run.path("results.csv"), "old");
    run.database.exec("UPDATE ends SET outcome = 'not JSON'");
    await expect(textOf(run, "results.csv")).rejects.toThrow("JSON");
    expect(readFileSync(run.path("results.csv"), "utf8")).toBe("old");
    expect(readdirSync(run.folder).filter((name) => name.startsWith("results"))).toEqual(["results.csv"]);
  });

  it("must have a known ending, in upper or lower case", () => {
    const run = new MadeUpRun();
    for (const name of ["a.csv", "a.TSV", "a.jsonl", "a.b.parquet"]) checkResultsPath(run.path(name));
    for (const name of ["a.xls", "a", "csv", "a.csv.gz"])
      expect(() => checkResultsPath(run.path(name))).toThrow(
        `${run.path(name)}: results are written as .csv, .tsv, .jsonl or .parquet. Give the file one of these endings.`,
      );
  });

  it("must be in a folder that exists, and not be a folder", () => {
    const run = new MadeUpRun();
    mkdirSync(run.path("folder.csv"));
    expect(() => checkResultsPath(run.path("folder.csv"))).toThrow(ResultsPathError);
    expect(() => checkResultsPath(run.path("folder.csv"))).toThrow("folder.csv is a folder. Give the path of a file.");
    expect(() => checkResultsPath(run.path("none/a.csv"))).toThrow(/none does not exist. Create it first.$/);
  });
});
