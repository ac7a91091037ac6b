/** What a line of a function's log says. */
import type { Fields } from "../../core/telemetry/packed-job.ts";
import { unpackJob } from "../../core/telemetry/unpack-job.ts";

/** What is said at one time: an event, a message, or a line that is no JSON. */
export interface Entry {
  /** Undefined: the line has a time of CloudWatch's only. */
  readonly time: string | undefined;
  readonly level: "error" | "warn" | "info" | undefined;
  /** The event's name, or the message. */
  readonly what: string;
  readonly fields: Fields;
}

/** Lambda writes them for each invocation. Of the report, only what did not end well is news. */
const OF_LAMBDA = /^(START|END|REPORT|INIT_START|EXTENSION) /;
const ENDED_BADLY = /\bStatus: (?!success)|Task timed out|\tERROR\t|\bError: Runtime exited/;

/** The entries of a line. Metrics, and what Lambda writes of an invocation that ended well, are none. */
export function entriesIn(text: string): readonly Entry[] {
  const line = objectIn(text);
  if (line === undefined) return plainEntries(text);
  if ("_aws" in line) return [];
  if (typeof line["event"] === "string") return unpackJob(line).map(entryOfEvent);
  const { level, message, timestamp, ...fields } = line;
  return [{ time: textOf(timestamp), level: levelOf(level), what: textOf(message) ?? text, fields }];
}

function plainEntries(text: string): readonly Entry[] {
  const isBad = ENDED_BADLY.test(text);
  if (text.trim() === "" || (OF_LAMBDA.test(text) && !isBad)) return [];
  const what = text.replaceAll("\t", "  ");
  return [{ time: undefined, level: isBad ? "error" : undefined, what, fields: {} }];
}

/** Events that are told because something went wrong. */
const TROUBLE = new Set(["delivery_failed", "clock_off"]);

function entryOfEvent({ event, timestamp, ...fields }: Fields): Entry {
  const what = String(event);
  return { time: textOf(timestamp), level: TROUBLE.has(what) ? "warn" : undefined, what, fields };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const levelOf = (value: unknown): Entry["level"] =>
  value === "error" || value === "warn" || value === "info" ? value : undefined;

function objectIn(text: string): Fields | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return undefined;
  }
}
