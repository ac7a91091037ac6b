/** The lines of a batch, in files of JSON lines, and what the lines have in common. */
import * as z from "zod/mini";
import { type JobMessage, parseMessage } from "../model/message.ts";
import { DamagedBatchError } from "./damaged-batch-error.ts";
import type { BatchFiles } from "../ports/batch-files.ts";

/** A run reads the records of one file at a time: at 1 KB each, 10 MB. */
export const LINES_IN_A_FILE = 10_000;

/** What a column of the list holds: one type for all lines, so that all files of a report have the same columns. */
const COLUMN_TYPES = ["BOOLEAN", "INT64", "DOUBLE", "STRING"] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];
export type Columns = Readonly<Record<string, ColumnType>>;

const line = z.object({
  job_id: z.string(),
  work_id: z.string(),
  artifact_id: z.string(),
  url: z.string(),
  /** The list's own columns. */
  columns: z.optional(z.record(z.string(), z.unknown())),
});
export type BatchLine = Readonly<z.infer<typeof line>>;

const description = z.object({
  schema_version: z.literal(1),
  name: z.string(),
  columns: z.record(z.string(), z.enum(COLUMN_TYPES)),
});

export const BATCHES_FOLDER = "batches/";
const FILE_DIGITS = 5;

export const folderOf = (id: string): string => `${BATCHES_FOLDER}${id}/`;
export const fileNumber = (file: number): string => String(file).padStart(FILE_DIGITS, "0");
export const linesKey = (id: string, file: number): string => `${folderOf(id)}jobs/${fileNumber(file)}.jsonl.gz`;
const descriptionKey = (id: string): string => `${folderOf(id)}batch.json`;

export const jsonLinesOf = (lines: readonly object[]): string =>
  lines.map((each) => `${JSON.stringify(each)}\n`).join("");

export const writeDescription = async (files: BatchFiles, id: string, name: string, columns: Columns): Promise<void> =>
  files.write(descriptionKey(id), `${JSON.stringify({ schema_version: 1, name, columns })}\n`);

/** @throws DamagedBatchError if there is none, or it cannot be read. */
export async function readColumns(files: BatchFiles, id: string): Promise<Columns> {
  const key = descriptionKey(id);
  const text = await files.read(key);
  if (text === undefined) throw new DamagedBatchError(key, "it is gone");
  return parsed(key, text, description).columns;
}

/**
 * A line as JSON. It has all that its message has, but for the metadata, which are among the list's own columns.
 * @param body the message, as JSON.
 */
export function lineText(jobId: string, body: string, columns: BatchLine["columns"]): string {
  if (!columns) return `{"job_id":"${jobId}",${body.slice(1)}`;
  const { metadata, ...message } = JSON.parse(body) as Readonly<Record<string, unknown>>;
  return JSON.stringify({ job_id: jobId, ...message, ...(metadata !== undefined && { sends_columns: true }), columns });
}

/** @param lines JSON lines, each of them a `BatchLine`. */
export const writeLines = async (
  files: BatchFiles,
  id: string,
  file: number,
  lines: string | Uint8Array,
): Promise<void> => files.write(linesKey(id, file), lines);

/** @returns undefined if that file was not submitted yet. @throws DamagedBatchError if it cannot be read. */
export const readLines = async (
  files: BatchFiles,
  id: string,
  file: number,
): Promise<readonly BatchLine[] | undefined> => read(files, id, file, line);

const message = z.looseObject({
  job_id: z.string(),
  url: z.string(),
  columns: z.optional(z.looseObject({})),
  /** Whether the columns are the metadata of the line's message. */
  sends_columns: z.optional(z.literal(true)),
});
/** A line with all that its message has, as it was submitted. */
export type MessageLine = Readonly<z.infer<typeof message>>;

/** What was sent for the line. */
export const messageIn = ({ columns, job_id: _id, sends_columns: sends, ...sent }: MessageLine) => ({
  ...sent,
  ...(sends && columns && { metadata: columns }),
});

/** @param key the file's. @throws DamagedBatchError if no such message can have been sent. */
export function messageOfLine(submitted: MessageLine, key: string): JobMessage {
  const found = parseMessage(JSON.stringify(messageIn(submitted)));
  if (typeof found !== "string") return found;
  throw new DamagedBatchError(key, `the line of ${submitted.url} is no message: ${found}`);
}

/** @returns undefined if there is no such file. @throws DamagedBatchError if it cannot be read. */
export const readMessages = async (
  files: BatchFiles,
  id: string,
  file: number,
): Promise<readonly MessageLine[] | undefined> => read(files, id, file, message);

async function read<T>(
  files: BatchFiles,
  id: string,
  file: number,
  schema: z.ZodMiniType<T>,
): Promise<readonly T[] | undefined> {
  const key = linesKey(id, file);
  const text = await files.read(key);
  if (text === undefined) return undefined;
  return text
    .split("\n")
    .filter((each) => each !== "")
    .map((each) => parsed(key, each, schema));
}

function parsed<T>(key: string, text: string, schema: z.ZodMiniType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new DamagedBatchError(key, "it is not what was written", { cause: error });
  }
}
