import type { FunctionLogs } from "../../adapters/aws/operators/function-logs.ts";
import type { FunctionRole } from "../../adapters/aws/operators/function-roles.ts";
import type { FunctionNames } from "../../adapters/aws/operators/stack-functions.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { Lines } from "../shared/lines.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { TailArguments } from "./arguments.ts";
import { entriesIn, type Entry } from "./entries.ts";
import { GroupReader } from "./group-reader.ts";

export interface TailDeps {
  readonly clock: Clock;
  readonly logs: FunctionLogs;
  readonly functionsOf: (stack: string, pipeline: string | undefined) => Promise<FunctionNames>;
}

interface Surroundings extends Lines {
  /** Aborted when the user has seen enough. */
  readonly signal: AbortSignal;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Those that tell of jobs. The others are asked for by name. */
const USUAL: readonly FunctionRole[] = ["worker", "long-worker", "reconciler"];
/** CloudWatch answers some five requests a second for each account and region. */
const PAUSE_MS = 3_000;
/** All lines of trouble, and some more. A pattern for JSON would leave out what Lambda itself writes. */
const TROUBLE = '?warn ?error ?ERROR ?Error ?delivery_failed ?clock_off ?timeout ?"timed out"';

/** Prints what the functions have logged; if it follows, until the signal is aborted. */
export async function tail(args: TailArguments, surroundings: Surroundings, deps: TailDeps): Promise<void> {
  const { print, signal, sleep, tell } = surroundings;
  const roles = rolesOf(await deps.functionsOf(args.stack, args.pipeline), args);
  const fromMs = deps.clock.nowMs() - args.sinceMs;
  const readers = await Promise.all(
    roles.map(async ([role, name]) => {
      const group = await deps.logs.groupOf(name);
      return { role, lines: new GroupReader(deps.logs, { group, fromMs, pattern: patternOf(args) }) };
    }),
  );
  if (args.follows) tell(`Reading the logs of ${roles.map(([role]) => role).join(", ")}. Ctrl-C ends it.`);
  do {
    await Promise.all(
      readers.map(async ({ lines, role }) => {
        for await (const { atMs, text } of lines.news()) {
          if (signal.aborted) return;
          for (const said of saidIn(text, atMs, role, args)) print(said);
        }
      }),
    );
    if (args.follows) await sleep(PAUSE_MS);
  } while (args.follows && !signal.aborted);
}

function rolesOf(names: FunctionNames, { functions: asked = USUAL, stack }: TailArguments) {
  const missing = asked.filter((role) => !names.has(role) && asked !== USUAL);
  if (missing.length > 0)
    throw new UsageError(`${stack} has no function ${missing.join(", ")}. It has ${[...names.keys()].join(", ")}.`);
  return [...names].filter(([role]) => asked.includes(role));
}

/** What CloudWatch leaves out need not be sent. An event's name would not do: packed lines do not hold it. */
function patternOf({ jobId, onlyTrouble, text }: TailArguments): string | undefined {
  const term = jobId ?? text;
  if (term !== undefined) return JSON.stringify(term);
  return onlyTrouble ? TROUBLE : undefined;
}

/** What is printed of a line of the log. */
function saidIn(text: string, atMs: number, role: FunctionRole, args: TailArguments): readonly string[] {
  if (args.text !== undefined && !text.includes(args.text)) return [];
  if (args.isRaw && args.jobId !== undefined && !text.includes(args.jobId)) return [];
  if (args.isRaw) return [`${clockTime(new Date(atMs).toISOString())}  ${role}  ${text}`];
  return entriesIn(text)
    .filter((entry) => isWanted(entry, args))
    .map((entry) => printed(entry, role, atMs, args.json));
}

/** `07:39:27.123` of an ISO time. */
const clockTime = (iso: string): string => iso.slice(11, 23);

const isWanted = ({ fields, level, what }: Entry, { event, jobId, onlyTrouble }: TailArguments): boolean =>
  (jobId === undefined || fields["job_id"] === jobId || what.includes(jobId)) &&
  (event === undefined || what === event) &&
  (!onlyTrouble || level === "warn" || level === "error");

function printed({ fields, level, time, what }: Entry, role: FunctionRole, atMs: number, asJson: boolean): string {
  const at = time ?? new Date(atMs).toISOString();
  if (asJson) return JSON.stringify({ timestamp: at, function: role, level: level ?? "info", what, ...fields });
  const words = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${shown(value)}`);
  const mark = level === "warn" || level === "error" ? [level.toUpperCase()] : [];
  return [clockTime(at), role, ...mark, what, ...words].join("  ");
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[\s"]/.test(text) && typeof value === "string" ? JSON.stringify(text) : text;
}
