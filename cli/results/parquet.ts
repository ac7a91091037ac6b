import { ByteWriter, parquetWriteRows, type BasicType } from "hyparquet-writer";
import type { Append } from "../shared/whole-file.ts";
import { textOf, type WriteFormat } from "./format.ts";
import { RESULT_COLUMNS, type ResultRow, type ResultRows, type ValueKind } from "./result-rows.ts";

const ROWS_IN_A_GROUP = 10_000;
const WHOLE_NUMBERS: ReadonlySet<string> = new Set(["bytes", "attempts"]);

/** Hands on what was written after each group of rows. */
class AppendingWriter extends ByteWriter {
  readonly #append: Append;

  constructor(append: Append) {
    super();
    this.#append = append;
  }

  flush(): void {
    this.#append(this.getBytes());
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }
}

/** Parquet with compressed columns. One of the user's own has a type if all its values have it, else it holds text. */
export const parquet: WriteFormat = async (rows, append) => {
  const own = await rows.ownColumns();
  const types = new Map<string, BasicType>([
    ...RESULT_COLUMNS.map((name) => [name, typeOfOurs(name)] as const),
    ...[...own].map(([name, kinds]) => [name, typeOf(kinds)] as const),
  ]);
  await parquetWriteRows({
    writer: new AppendingWriter(append),
    columns: [...types].map(([name, type]) => ({ name, type })),
    rows: typedRows(rows, types),
    rowGroupSize: ROWS_IN_A_GROUP,
    createdBy: "fetchonce",
  });
};

function typeOfOurs(name: string): BasicType {
  if (name === "unchanged") return "BOOLEAN";
  return WHOLE_NUMBERS.has(name) ? "INT64" : "STRING";
}

function typeOf(kinds: ReadonlySet<ValueKind>): BasicType {
  const areAll = (...allowed: readonly ValueKind[]): boolean =>
    kinds.size > 0 && [...kinds].every((kind) => allowed.includes(kind));
  if (areAll("boolean")) return "BOOLEAN";
  if (areAll("whole number")) return "INT64";
  return areAll("whole number", "number") ? "DOUBLE" : "STRING";
}

async function* typedRows(rows: ResultRows, types: ReadonlyMap<string, BasicType>): AsyncGenerator<ResultRow> {
  for await (const page of rows.pages())
    for (const row of page) yield Object.fromEntries([...types].map(([name, type]) => [name, typed(row[name], type)]));
}

function typed(value: unknown, type: BasicType): unknown {
  if (value === null || value === undefined) return undefined;
  if (type === "INT64") return BigInt(value as number);
  return type === "STRING" ? textOf(value) : value;
}
