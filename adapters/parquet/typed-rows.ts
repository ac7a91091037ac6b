import type { BasicType } from "hyparquet-writer";

export type Row = Readonly<Record<string, unknown>>;

/** A value as text: what is neither text, number nor boolean is written as JSON. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A row as the writer of Parquet takes it: the columns that are named, each of its type. */
export const typedRow = (row: Row, types: readonly (readonly [string, BasicType])[]): Row =>
  Object.fromEntries(types.map(([name, type]) => [name, typed(row[name], type)]));

function typed(value: unknown, type: BasicType): unknown {
  if (value === null || value === undefined) return undefined;
  if (type === "INT64") return BigInt(value as number);
  return type === "STRING" ? textOf(value) : value;
}
