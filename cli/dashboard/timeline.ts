import { open } from "node:fs/promises";
import type { JsonLine } from "../../local/shared/lines.ts";

/** A part of the events of a job, as far as one reading got. */
export interface TimelinePart {
  readonly events: readonly JsonLine[];
  /** Where in the file the next reading begins. */
  readonly next: number;
  /** Of the file. `next` is smaller: there is more to read. */
  readonly size: number;
}

const MOST_BYTES_A_READING = 8 * 1024 * 1024;
const NEWLINE = "\n".charCodeAt(0);

/**
 * From `events.jsonl`, which has all of them: none is kept in memory. At most 8 MiB at a time, so that no reading keeps
 * the run waiting.
 */
export async function readTimeline(path: string, jobId: string, from: number): Promise<TimelinePart> {
  let file;
  try {
    file = await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { events: [], next: 0, size: 0 };
    throw error;
  }
  try {
    const { size } = await file.stat();
    const start = Math.min(from, size);
    const block = Buffer.allocUnsafe(Math.min(size - start, MOST_BYTES_A_READING));
    const { bytesRead } = await file.read(block, 0, block.length, start);
    const lines = block.subarray(0, block.lastIndexOf(NEWLINE, bytesRead - 1) + 1);
    // What is no line even at that length is no event.
    const consumed = lines.length === 0 && bytesRead === MOST_BYTES_A_READING ? bytesRead : lines.length;
    // A last line without its end is being written; it is there next time.
    const next = start + consumed;
    const isLastLineUnfinished = consumed < bytesRead && start + bytesRead === size;
    return { events: eventsIn(lines, jobId), next, size: isLastLineUnfinished ? next : size };
  } finally {
    await file.close();
  }
}

function eventsIn(lines: Buffer, jobId: string): readonly JsonLine[] {
  const events: JsonLine[] = [];
  for (let at = lines.indexOf(jobId); at >= 0;) {
    const end = lines.indexOf(NEWLINE, at);
    const event = parse(lines.toString("utf8", lines.lastIndexOf(NEWLINE, at) + 1, end));
    if (event?.["job_id"] === jobId) events.push(event);
    at = lines.indexOf(jobId, end);
  }
  return events;
}

/** A crash may have torn a line. */
function parse(line: string): JsonLine | undefined {
  try {
    return JSON.parse(line) as JsonLine;
  } catch {
    return undefined;
  }
}
