import type { Append } from "../shared/whole-file.ts";
import type { ResultRows } from "./result-rows.ts";

/** Writes results to a file. */
export type WriteFormat = (rows: ResultRows, append: Append) => Promise<void>;

/** A value as text: what is neither text, number nor boolean is written as JSON. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
