import type { Metadata, MetadataValue } from "../../../core/ports/list-items.ts";
import type { FieldProblem, RawMessage } from "../entry/check-message.ts";
import { fieldMeant, fieldNamed, folded, isUrlName, ownNameProblem, type ListField } from "../entry/fields.ts";

interface Column {
  readonly name: string;
  /** Undefined: the user's own. */
  readonly field: ListField | undefined;
}

/** What the columns of a table hold, or what is wrong with their names. */
export function columnsOf(names: readonly string[], urlColumn: string | undefined): Columns | readonly FieldProblem[] {
  const url = urlColumnAmong(names, urlColumn);
  if (typeof url === "string") return [{ field: "url", reason: url }];
  const columns = names.map((name, index) => ({ name, field: index === url ? "url" : otherField(name) }) as const);
  const problems = columns.flatMap((column, index) => columnProblems(column, index, names));
  return problems.length > 0 ? problems : new Columns(columns);
}

/** The index of the URL's column, or why it is not known. */
export function urlColumnAmong(names: readonly string[], chosen: string | undefined): number | string {
  const listed = names.map((name) => `"${name}"`).join(", ");
  if (chosen !== undefined) {
    const exact = names.indexOf(chosen);
    const index = exact < 0 ? names.findIndex((name) => folded(name) === folded(chosen)) : exact;
    return index < 0 ? `no column is named "${chosen}"; --url-column takes one of these: ${listed}` : index;
  }
  const index = names.findIndex((name) => folded(name) === "url");
  if (index >= 0) return index;
  const [first, second] = names.filter(isUrlName);
  if (first === undefined)
    return `no column is named url; rename the URL's column, or choose it with --url-column from these: ${listed}`;
  if (second === undefined) return names.indexOf(first);
  return `both "${first}" and "${second}" may hold it; choose one with --url-column`;
}

function otherField(name: string): ListField | undefined {
  const field = fieldNamed(name);
  return field === "url" ? undefined : field;
}

function columnProblems({ name, field }: Column, index: number, names: readonly string[]): readonly FieldProblem[] {
  if (names.findIndex((other) => folded(other) === folded(name)) < index && name.trim() !== "") {
    return [{ field: name, reason: "two columns have this name; rename one of them" }];
  }
  if (field !== undefined) return [];
  const meant = fieldMeant(name);
  if (meant !== undefined) {
    const reason = `unknown column; did you mean ${meant}? If it is your own, give it a name that cannot be mistaken`;
    return [{ field: name, reason }];
  }
  const reason = ownNameProblem(name);
  return reason === undefined ? [] : [{ field: name || `column ${index + 1}`, reason }];
}

/** The columns of a table by what they hold. */
export class Columns {
  readonly count: number;
  readonly #fields: readonly (readonly [ListField, number])[];
  readonly #own: readonly (readonly [string, number])[];

  constructor(columns: readonly Column[]) {
    this.count = columns.length;
    this.#fields = columns.flatMap(({ field }, index) => (field === undefined ? [] : [[field, index] as const]));
    this.#own = columns.flatMap(({ name, field }, index) => (field === undefined ? [[name, index] as const] : []));
  }

  message(values: readonly unknown[]): RawMessage {
    const raw: Partial<Record<ListField, unknown>> = {};
    for (const [field, index] of this.#fields) raw[field] = values[index];
    return raw;
  }

  metadata(values: readonly MetadataValue[]): Metadata | undefined {
    if (this.#own.length === 0) return undefined;
    const metadata: Record<string, MetadataValue> = {};
    for (const [name, index] of this.#own) metadata[name] = values[index] ?? null;
    return metadata;
  }
}
