import fs from "node:fs";
import { codeOf } from "../../adapters/local/disk.ts";
import { lineSplitter, type JsonLine } from "../../local/shared/lines.ts";

/** Where the lines of a run are in a file that all runs append to. */
export interface LinesOfRun {
  readonly path: string;
  /** Where the run's lines begin, in bytes. */
  readonly from: number;
}

/** Larger strings would stay in memory until the whole heap is looked through. */
const READ_BYTES = 64 * 1024;

/** The lines, as they are read. No file means no lines. */
export async function* lineBatches({ path, from }: LinesOfRun): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  const splitter = lineSplitter((line) => void batch.push(line));
  try {
    for await (const text of fs.createReadStream(path, { start: from, encoding: "utf8", highWaterMark: READ_BYTES })) {
      splitter.push(String(text));
      yield batch;
      batch = [];
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  splitter.end();
  yield batch;
}

/** Undefined for a line that a crash cut off. */
export function parseLine(line: string): JsonLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as JsonLine) : undefined;
  } catch {
    return undefined;
  }
}

export const timeOf = (line: JsonLine): number => Date.parse(String(line["timestamp"]));
