import { ByteWriter, parquetWriteRows, type BasicType } from "hyparquet-writer";
import type { Append } from "../shared/whole-file.ts";
import { typedRow } from "../../adapters/parquet/typed-rows.ts";
import { columnType } from "../../core/batches/column-types.ts";
import type { WriteFormat } from "./format.ts";
import { RESULT_COLUMNS, type ResultRow, type ResultRows } from "./result-rows.ts";

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
    ...[...own].map(([name, kinds]) => [name, columnType(kinds)] as const),
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

async function* typedRows(rows: ResultRows, types: ReadonlyMap<string, BasicType>): AsyncGenerator<ResultRow> {
  const columns = [...types];
  for await (const page of rows.pages()) for (const row of page) yield typedRow(row, columns);
}
