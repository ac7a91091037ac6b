import { type Command, InvalidArgumentError, Option } from "commander";
import type { FailureClass } from "../../core/model/record.ts";
import { parseCommand, wholeNumber } from "../terminal/parse-command.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface FailedArguments {
  readonly command: "failed";
  readonly table: string;
  readonly queueUrl: string;
  readonly class?: FailureClass;
  readonly reason?: string;
  /** Time since the failure, in ms. */
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly limit: number;
  readonly dryRun?: true;
}

export interface DeadLettersArguments {
  readonly command: "dead-letters";
  readonly from: string;
  readonly to: string;
  readonly dryRun?: true;
}

export type RedriveArguments = FailedArguments | DeadLettersArguments;

const CLASSES = ["origin", "policy", "system"] as const satisfies readonly FailureClass[];
const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DEFAULT_LIMIT = 1000;

const EXAMPLES = `
Names and URLs are outputs of the stack. AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL apply.

Exit code: 0 done, 1 stopped by an error (nothing is lost: run the command again), 2 wrong usage.`;

/**
 * @returns the parsed arguments, or the help text if it was requested.
 * @throws UsageError if an argument is missing or not valid.
 */
export function parseRedrive(argv: readonly string[]): RedriveArguments | string {
  const whatIsMissing = "The command is missing. Write failed or dead-letters.";
  const parsed = parseCommand(argv, { name: "redrive", typed: "npm run redrive --", whatIsMissing }, describeRedrive);
  if (typeof parsed !== "string") checkSense(parsed);
  return parsed;
}

function checkSense(parsed: RedriveArguments): void {
  if (parsed.command === "dead-letters") {
    if (parsed.from === parsed.to)
      throw new UsageError("--from and --to are the same queue. Write the work queue's URL after --to.");
    return;
  }
  const { olderThan, newerThan } = parsed;
  if (olderThan !== undefined && newerThan !== undefined && olderThan >= newerThan)
    throw new UsageError(
      "--older-than must be shorter than --newer-than: no job is both older and newer than these times.",
    );
}

function describeRedrive(program: Command, found: (parsed: RedriveArguments) => void): void {
  program.description("Gives failed jobs and dead letters another chance.");
  program
    .command("failed")
    .description("Reopens FAILED jobs with a new retry budget.")
    .requiredOption("--table <NAME>", "name of the jobs table")
    .requiredOption("--queue-url <URL>", "URL of the work queue", queueUrl)
    .addOption(new Option("--class <CLASS>", "only failures of this class").choices(CLASSES))
    .option("--reason <TEXT>", "only failures whose reason contains this text")
    .option("--older-than <TIME>", "only jobs that failed longer ago than this, such as 90m, 2h or 7d", duration)
    .option("--newer-than <TIME>", "only jobs that failed within this time", duration)
    .option("--limit <N>", "maximum number of jobs", wholeNumber(1, Infinity, "a whole number above 0"), DEFAULT_LIMIT)
    .option("--dry-run", "only list them; change nothing")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .action((options: Omit<FailedArguments, "command">) => found({ command: "failed", ...options }));
  program
    .command("dead-letters")
    .description("Sends dead letters that are valid messages to the work queue again. Leaves the others, and says why.")
    .requiredOption("--from <URL>", "URL of the dead-letter queue", queueUrl)
    .requiredOption("--to <URL>", "URL of the work queue", queueUrl)
    .option("--dry-run", "only list them; change nothing")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .action((options: Omit<DeadLettersArguments, "command">) => found({ command: "dead-letters", ...options }));
}

function queueUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
  throw new InvalidArgumentError("It must be the URL of a queue, such as https://sqs....");
}

function duration(text: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (number === undefined)
    throw new InvalidArgumentError("It must be a number followed by s, m, h or d, such as 90m.");
  return Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
