import type { Append } from "../shared/whole-file.ts";
import type { ResultRows } from "./result-rows.ts";

/** Writes results to a file. */
export type WriteFormat = (rows: ResultRows, append: Append) => Promise<void>;
