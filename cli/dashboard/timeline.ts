import { open } from "node:fs/promises";
import { unpackJob } from "../../core/telemetry/unpack-job.ts";
import { orUndefined } from "../../local/shared/errno.ts";
import type { JsonLine } from "../../local/shared/lines.ts";

/** The events of a job that one read found. */
export interface TimelinePart {
  readonly events: readonly JsonLine[];
  /** Offset in the file, in bytes, at which the next read must start. */
  readonly next: number;
  /** Size of the file in bytes. If `next` is smaller, there is more to read. */
  readonly size: number;
}

const MOST_BYTES_A_READING = 8 * 1024 * 1024;
const NEWLINE = "\n".charCodeAt(0);

/**
 * Reads a job's events from `events.jsonl`, because memory does not hold all of them. Reads at most 8 MiB at a time, so
 * that the run never has to wait long.
 */
export async function readTimeline(path: string, jobId: string, from: number): Promise<TimelinePart> {
  const file = await orUndefined(open(path));
  if (!file) return { events: [], next: 0, size: 0 };
  try {
    const { size } = await file.stat();
    const start = Math.min(from, size);
    const block = Buffer.allocUnsafe(Math.min(size - start, MOST_BYTES_A_READING));
    const { bytesRead } = await file.read(block, 0, block.length, start);
    const lines = block.subarray(0, block.lastIndexOf(NEWLINE, bytesRead - 1) + 1);
    // A line longer than one read is not an event, so it is skipped.
    const consumed = lines.length === 0 && bytesRead === MOST_BYTES_A_READING ? bytesRead : lines.length;
    // A last line without a newline is still being written. The next read gets it.
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
    if (event?.["job_id"] === jobId) events.push(...unpackJob(event));
    at = lines.indexOf(jobId, end);
  }
  return events;
}

/** @returns undefined for a line that a crash left incomplete. */
function parse(line: string): JsonLine | undefined {
  try {
    return JSON.parse(line) as JsonLine;
  } catch {
    return undefined;
  }
}
