import fs from "node:fs";
import { dirname, extname } from "node:path";
import type { LocalDatabase } from "../../adapters/local/database.ts";
import { writeWholeFile } from "../shared/whole-file.ts";
import { delimited } from "./delimited.ts";
import type { WriteFormat } from "./format.ts";
import { jsonLines } from "./json-lines.ts";
import { parquet } from "./parquet.ts";
import { ResultRows } from "./result-rows.ts";

const FORMATS: ReadonlyMap<string, WriteFormat> = new Map([
  [".csv", delimited(",", "\r\n")],
  [".tsv", delimited("\t", "\n")],
  [".jsonl", jsonLines],
  [".parquet", parquet],
]);

/** Results cannot be written to this path. The message says what to write instead. */
export class ResultsPathError extends Error {
  override readonly name = "ResultsPathError";
}

function formatOf(path: string): WriteFormat {
  const format = FORMATS.get(extname(path).toLowerCase());
  if (format) return format;
  throw new ResultsPathError(
    `${path}: results are written as .csv, .tsv, .jsonl or .parquet. Give the file one of these endings.`,
  );
}

const isFolder = (path: string): boolean => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * To be called before a run begins, so that hours of work do not end with this error.
 * @throws ResultsPathError when results cannot be written to the path.
 */
export function checkResultsPath(path: string): void {
  formatOf(path);
  if (isFolder(path)) throw new ResultsPathError(`${path} is a folder. Give the path of a file.`);
  const folder = dirname(path);
  if (!isFolder(folder)) throw new ResultsPathError(`${path}: the folder ${folder} does not exist. Create it first.`);
}

/**
 * Writes a row for each line of a list, in its order, with the columns of the user's own. Those of a job that has not
 * ended are empty. The file's ending chooses the format.
 * @throws ResultsPathError; MachineTroubleError when it cannot be written. What stood at the path stays as it was.
 */
export async function writeResults(path: string, database: LocalDatabase, list: number): Promise<void> {
  const write = formatOf(path);
  await writeWholeFile(path, async (append) => write(new ResultRows(database, list), append));
}
