/** Which type a column of the user's own has. */
import type { ColumnType } from "./batch-lines.ts";

export const VALUE_KINDS = ["text", "whole number", "number", "boolean", "other"] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

function kindOf(value: unknown): ValueKind {
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "whole number" : "number";
  return "other";
}

/** A column has a type if all its values have it, else it holds text. */
export function columnType(kinds: ReadonlySet<ValueKind>): ColumnType {
  const areAll = (...allowed: readonly ValueKind[]): boolean =>
    kinds.size > 0 && [...kinds].every((kind) => allowed.includes(kind));
  if (areAll("boolean")) return "BOOLEAN";
  if (areAll("whole number")) return "INT64";
  return areAll("whole number", "number") ? "DOUBLE" : "STRING";
}

/** Notes what the values of a row are. Null is no kind. */
export function noteKinds(kinds: Map<string, Set<ValueKind>>, row: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(row)) {
    const known = kinds.get(name) ?? new Set();
    kinds.set(name, known);
    if (value !== null && value !== undefined) known.add(kindOf(value));
  }
}
