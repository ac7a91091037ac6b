/** The files of a report: its rows as JSON lines and as Parquet, how to query them, and a summary. */
import type { BatchFiles } from "../ports/batch-files.ts";
import type { BatchRecord } from "./batch-record.ts";
import { fileNumber, folderOf, jsonLinesOf, type Columns, type ColumnType } from "./batch-lines.ts";
import { columnsOf, type ReportRow } from "./report-row.ts";

/** Makes a whole file of Parquet. */
export type EncodeParquet = (rows: readonly ReportRow[], columns: Columns) => Promise<Uint8Array>;

export const reportFolder = ({ id, revision }: Pick<BatchRecord, "id" | "revision">): string =>
  `${folderOf(id)}report-${revision}/`;

export async function writeRows(
  files: BatchFiles,
  encode: EncodeParquet,
  batch: BatchRecord,
  rows: readonly ReportRow[],
  own: Columns,
): Promise<void> {
  const [folder, name] = [reportFolder(batch), fileNumber(batch.filesDone)];
  await files.write(`${folder}jsonl/${name}.jsonl.gz`, jsonLinesOf(rows));
  await files.write(`${folder}parquet/${name}.parquet`, await encode(rows, columnsOf(own)));
}

const ATHENA_TYPES: Readonly<Record<ColumnType, string>> = {
  BOOLEAN: "boolean",
  INT64: "bigint",
  DOUBLE: "double",
  STRING: "string",
};

/** The statement that makes a table of the report's Parquet files in Athena. */
export function athenaTable(batch: BatchRecord, own: Columns, bucket: string): string {
  const columns = Object.entries(columnsOf(own)).map(([name, type]) => `  \`${name}\` ${ATHENA_TYPES[type]}`);
  const table = `fetchonce_${batch.id.replaceAll(/[^A-Za-z0-9]/g, "_")}_${batch.revision}`;
  const location = `s3://${bucket}/${reportFolder(batch)}parquet/`;
  return `CREATE EXTERNAL TABLE \`${table}\` (\n${columns.join(",\n")}\n)\nSTORED AS PARQUET\nLOCATION '${location}';\n`;
}

export const writeTable = async (files: BatchFiles, batch: BatchRecord, own: Columns, bucket: string): Promise<void> =>
  files.write(`${reportFolder(batch)}table.sql`, athenaTable(batch, own, bucket));

export const writeSummary = async (files: BatchFiles, batch: BatchRecord, summary: string): Promise<void> =>
  files.write(`${reportFolder(batch)}summary.json`, `${summary}\n`);
