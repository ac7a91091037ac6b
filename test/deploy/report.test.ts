/** The Parquet files of a batch's report, as pyarrow and DuckDB read them: they say what its JSON lines say. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { BatchWorld } from "../unit/core/batches/support.ts";
import { installReaders } from "./tools.ts";

const run = promisify(execFile);

/** Prints the rows of all files as each reader has them, and as DuckDB reads the JSON lines. */
const PROGRAM = `
import glob, json, sys
import duckdb, pyarrow.parquet
folder = sys.argv[1]
parquet, lines = folder + "/parquet/*.parquet", folder + "/jsonl/*.jsonl.gz"
files = sorted(glob.glob(parquet))
arrow = [row for file in files for row in pyarrow.parquet.read_table(file).to_pylist()]
schemas = {str(pyarrow.parquet.read_schema(file)) for file in files}
def rows(text):
    found = duckdb.sql(text)
    return [dict(zip(found.columns, row)) for row in found.fetchall()]
print(json.dumps({
    "arrow": arrow,
    "schemas": len(schemas),
    "parquet": rows(f"SELECT * FROM '{parquet}'"),
    "lines": rows(f"SELECT * FROM read_json('{lines}', format = 'newline_delimited')"),
}))
`;

type Rows = readonly Readonly<Record<string, unknown>>[];

it("pyarrow and DuckDB read all rows and columns of a report, each as its JSON lines have it", async () => {
  const python = await installReaders();
  const b = new BatchWorld();
  const files = [
    [1, 2, 5],
    [3, 4, 10],
  ];
  await b.submit(...files);
  await b.work(...files.flat());
  await b.follow(2);
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-report-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  for (const [key, content] of b.files.all) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), key.endsWith(".gz") ? gzipSync(String(content)) : content);
  }
  const { stdout } = await run(python, ["-c", PROGRAM, join(folder, "batches/a1b2c3/report-1")]);
  const read = JSON.parse(stdout) as Readonly<Record<"arrow" | "parquet" | "lines", Rows>> & {
    readonly schemas: number;
  };
  expect(read.schemas).toBe(1);
  expect(read.arrow).toEqual(b.rows());
  expect(read.parquet).toEqual(b.rows());
  expect(read.lines).toEqual(b.rows());
});
