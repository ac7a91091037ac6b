import { parquetMetadataAsync, parquetRead, parquetSchema, type RowGroup } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { Columns, columnsOf } from "./columns.ts";
import { DamagedListError } from "../entry/damaged-list-error.ts";
import type { InputItem, InputOptions } from "../../../core/ports/list-items.ts";
import { entryOf } from "./line-reader.ts";
import { BytesUnavailableError, type RandomBytes } from "../random-bytes.ts";
import { fieldText, metadataValue, PARQUET_PARSERS } from "./parquet-values.ts";

/** Of one step of reading, as the file encodes them. */
const STEP_BYTES = 8_388_608;
const ROWS_AT_A_TIME = 500;
const MOST_STEP_ROWS = 50_000;

interface Step {
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** The rows of a Parquet file. A row group is read in steps, because some programs write a million rows into one. */
export async function* parquetRows(
  file: RandomBytes,
  { after = 0, urlColumn }: InputOptions,
): AsyncGenerator<readonly InputItem[]> {
  let next = 1;
  try {
    const metadata = await understood(parquetMetadataAsync(file, { parsers: PARQUET_PARSERS, geoparquet: false }));
    const names = parquetSchema(metadata).children.map(({ element }) => element.name);
    const columns = columnsOf(names, urlColumn);
    if (!(columns instanceof Columns)) {
      yield columns.map((problem) => ({ line: 1, place: "row", ...problem, endsList: true }) as const);
      return;
    }
    for (const step of stepsOf(metadata.row_groups, after)) {
      next = step.rowStart + 1;
      const rows = await understood(rowsOf({ ...step, file, metadata, columns: names }));
      for (let at = 0; at < rows.length; at += ROWS_AT_A_TIME) {
        yield rows
          .slice(at, at + ROWS_AT_A_TIME)
          .flatMap((values, index) => rowItems(columns, values, next + at + index));
      }
    }
  } catch (error) {
    if (!(error instanceof DamagedListError)) throw error;
    yield [{ line: next, place: "row", reason: error.message, endsList: true }];
  } finally {
    await file.close();
  }
}

function rowItems(columns: Columns, values: readonly unknown[], line: number): readonly InputItem[] {
  const own = values.map(metadataValue);
  const raw = columns.message(values.map(fieldText));
  const row = {
    line,
    place: "row",
    get text() {
      return JSON.stringify(own);
    },
  } as const;
  return entryOf(row, raw, columns.metadata(own));
}

function* stepsOf(groups: readonly RowGroup[], after: number): Generator<Step> {
  let start = 0;
  for (const { num_rows, total_byte_size } of groups) {
    const end = start + Number(num_rows);
    const rowBytes = Number(total_byte_size) / Number(num_rows);
    const rows = Math.max(1, Math.min(MOST_STEP_ROWS, Math.floor(STEP_BYTES / rowBytes)));
    for (start = Math.max(start, after); start < end; start += rows)
      yield { rowStart: start, rowEnd: Math.min(start + rows, end) };
    start = end;
  }
}

type ReadOptions = Parameters<typeof parquetRead>[0];

async function rowsOf(options: ReadOptions): Promise<readonly (readonly unknown[])[]> {
  let read: readonly (readonly unknown[])[] = [];
  const onComplete = (rows: unknown[][]): void => {
    read = rows;
  };
  await parquetRead({
    ...options,
    parsers: PARQUET_PARSERS,
    compressors,
    geoparquet: false,
    useOffsetIndex: true,
    rowFormat: "array",
    onComplete,
  });
  return read;
}

/** Errors of the Parquet library mean that it cannot read the file; those of the machine stay what they are. */
async function understood<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof Error) || "errno" in error || error instanceof BytesUnavailableError) throw error;
    const reason = `Parquet that is damaged or cannot be read (${error.message}); write the list again`;
    throw new DamagedListError(`${reason}. The rest of it was not read`, { cause: error });
  }
}
