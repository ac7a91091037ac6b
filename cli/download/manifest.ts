import { createReadStream } from "node:fs";
import { extname } from "node:path";
import type { Readable } from "node:stream";
import { getSystemErrorMessage } from "node:util";
import { omit, type core } from "zod/mini";
import { jobIdOf } from "../../core/model/keys.ts";
import { jobMessage, type JobMessage } from "../../core/model/message.ts";
import {
  csvLines,
  jsonLines,
  urlLines,
  type LineReader,
  type ManifestLine,
  type ManifestProblem,
} from "./manifest-lines.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface Manifest {
  /** Its path, or "standard input". */
  readonly name: string;
  /** In the manifest's order, including repeated lines. */
  readonly messages: readonly JobMessage[];
  readonly problems: readonly ManifestProblem[];
}

const STANDARD_INPUT = "-";
const MOST_PROBLEMS_SHOWN = 20;
const READERS: Readonly<Record<string, LineReader>> = { ".jsonl": jsonLines, ".csv": csvLines, ".txt": urlLines };

const manifestLine = omit(jobMessage, { tracked: true });

/**
 * Reads the whole manifest. Invalid lines become problems.
 * @throws UsageError if it cannot be read, is of an unknown kind, or has no line.
 */
export async function readManifest(path: string, stdin: Readable): Promise<Manifest> {
  const name = path === STANDARD_INPUT ? "standard input" : path;
  const read = path === STANDARD_INPUT ? jsonLines : readerFor(path);
  const messages: JobMessage[] = [];
  const problems: ManifestProblem[] = [];
  const digests = new Map<string, { line: number; sha256: string }>();
  try {
    for await (const entry of read(path === STANDARD_INPUT ? stdin : createReadStream(path))) {
      const judged = judge(entry, digests);
      if (Array.isArray(judged)) problems.push(...judged);
      else messages.push(judged);
    }
  } catch (error) {
    throw new UsageError(`Cannot read the manifest ${name}: ${systemReason(error)}.`, { cause: error });
  }
  if (messages.length + problems.length === 0)
    throw new UsageError(`The manifest ${name} is empty. It must name at least one URL.`);
  return { name, messages, problems };
}

/** One line of text for each problem, at most the first twenty. */
export function describeProblems({ name, problems }: Manifest): string {
  const shown = problems
    .slice(0, MOST_PROBLEMS_SHOWN)
    .map(({ line, field, reason }) => `${name}, line ${line}${field === undefined ? "" : `, ${field}`}: ${reason}`);
  const more = problems.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}

function readerFor(path: string): LineReader {
  const extension = extname(path).toLowerCase();
  const reader = READERS[extension];
  if (reader) return reader;
  const known = `${Object.keys(READERS).join(", ")}, or - for JSON lines on standard input`;
  throw new UsageError(`The manifest ${path} has an unknown file name extension. Use ${known}.`);
}

type Judged = JobMessage | ManifestProblem[];

function judge(entry: ManifestLine, digests: Map<string, { line: number; sha256: string }>): Judged {
  if ("reason" in entry) return [entry];
  const { line } = entry;
  const parsed = manifestLine.safeParse(entry.value, { error: wording });
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({
      line,
      reason: message,
      ...(path.length > 0 && { field: path.join(".") }),
    }));
  }
  const message = parsed.data;
  if (message.sha256 === undefined) return message;
  const jobId = jobIdOf(message);
  const earlier = digests.get(jobId);
  if (earlier && earlier.sha256 !== message.sha256) {
    return [{ line, field: "sha256", reason: `line ${earlier.line} has another digest for the same job` }];
  }
  digests.set(jobId, { line, sha256: message.sha256 });
  return message;
}

function wording(issue: core.$ZodRawIssue): string | undefined {
  if (issue.code === "too_small") return "empty";
  if (issue.code === "too_big") return `longer than ${issue.maximum} characters`;
  if (issue.code !== "invalid_type") return undefined;
  if (issue.input === undefined) return "missing";
  return issue.expected === "object" ? "not a JSON object" : "not text";
}

function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "errno" in error && typeof error.errno === "number" ? getSystemErrorMessage(error.errno) : error.message;
}
