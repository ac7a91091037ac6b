import type { JobMessage } from "../model/message.ts";
import type { Value } from "../model/write.ts";

/** JSON: a string, number, boolean, null, array or object. */
export type MetadataValue = Value;
export type Metadata = Readonly<Record<string, MetadataValue>>;

export interface InputEntry {
  /** From 1: the line or row in the list; of a URL given as an argument, the argument's position. */
  readonly line: number;
  readonly message: JobMessage;
  /** The user's own columns or fields, by name. Undefined: none. */
  readonly metadata: Metadata | undefined;
}

export interface InputProblem {
  readonly line: number;
  /** What `line` counts. Undefined: lines. */
  readonly place?: "row" | "argument";
  readonly field?: string;
  /** What is wrong, and what to write. */
  readonly reason: string;
  /** The line as it was read: at most 200 characters, control characters escaped, credentials hidden. */
  readonly text?: string;
  /** Nothing after this line was read: who skips this problem skips the rest of the list. */
  readonly endsList?: true;
}

export type InputItem = InputEntry | InputProblem;

export const LIST_FORMATS = ["txt", "csv", "tsv", "jsonl", "parquet"] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

export interface InputOptions {
  readonly urlColumn?: string | undefined;
  readonly format?: ListFormat | undefined;
  /** Passes over the items of the first lines, or rows: they are read as before, and not looked at. Default: 0. */
  readonly after?: number | undefined;
}
