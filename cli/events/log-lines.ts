import { unpackJob } from "../../core/telemetry/unpack-job.ts";
import type { Fields } from "../../core/telemetry/packed-job.ts";

/** The longest line of a log, in characters. CloudWatch takes no event of more than 1 MB. */
const LONGEST_LINE = 8 * 1024 * 1024;

/** How `aws logs` writes a line of the log as JSON, on a line of its own. */
const QUOTED = /^\s*"(?:message|value)": ("(?:[^"\\]|\\.)*"),?\s*$/;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object that a line of a log is, or has after its time and the name of its stream. */
function objectIn(line: string): Fields | undefined {
  const [from, to] = [line.indexOf("{"), line.lastIndexOf("}")];
  const value = from === -1 || to < from ? undefined : parsed(line.slice(from, to + 1));
  return isObject(value) ? value : undefined;
}

/** The events that a line of the input holds. A line that is none, or is cut off, holds none. */
export function eventsIn(line: string): readonly Fields[] {
  if (!line.includes("event")) return [];
  const quoted = QUOTED.exec(line)?.[1];
  const found = objectIn(quoted === undefined ? line : String(parsed(quoted)));
  const message = found?.["message"];
  const logged = found?.["event"] === undefined && typeof message === "string" ? objectIn(message) : found;
  return typeof logged?.["event"] === "string" ? unpackJob(logged) : [];
}

/**
 * The lines of a text, however long it is.
 * @throws Error if a line is too long for memory.
 */
export async function* linesOf(text: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of text) {
    const lines = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE)
      throw new Error(
        "A line has more than 8 Mi characters, so this is no log. Give lines as the functions write them, or what `aws logs` prints with --output json.",
      );
    yield* lines;
  }
  yield rest + decoder.decode();
}
