import { type Command, InvalidArgumentError, Option } from "commander";
import type { FailureClass } from "../../core/model/record.ts";
import { parseCommand } from "../terminal/parse-command.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface FailedArguments {
  readonly command: "failed";
  readonly table: string;
  readonly queueUrl: string;
  readonly failureClass: FailureClass | undefined;
  readonly reason: string | undefined;
  readonly olderThanMs: number | undefined;
  readonly newerThanMs: number | undefined;
  readonly limit: number;
  readonly isDryRun: boolean;
}

export interface DeadLettersArguments {
  readonly command: "dead-letters";
  readonly from: string;
  readonly to: string;
  readonly isDryRun: boolean;
}

export type RedriveArguments = FailedArguments | DeadLettersArguments;

const CLASSES = ["origin", "policy", "system"] as const satisfies readonly FailureClass[];
const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DEFAULT_LIMIT = 1000;

const EXAMPLES = `
Names and URLs are outputs of the stack. AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL are honoured.

Exit code: 0 done, 1 stopped by an error (nothing is lost: run it again), 2 wrong usage.`;

/**
 * @returns what to do, or the help that was asked for.
 * @throws UsageError
 */
export function parseRedrive(argv: readonly string[]): RedriveArguments | string {
  const whatIsMissing = "Say what to redrive: failed, or dead-letters.";
  const parsed = parseCommand(argv, { name: "redrive", typed: "npm run redrive", whatIsMissing }, describeRedrive);
  if (typeof parsed !== "string") checkSense(parsed);
  return parsed;
}

function checkSense(parsed: RedriveArguments): void {
  if (parsed.command === "dead-letters") {
    if (parsed.from === parsed.to)
      throw new UsageError("--from and --to are the same queue: its messages would go in circles.");
    return;
  }
  const { olderThanMs, newerThanMs } = parsed;
  if (olderThanMs !== undefined && newerThanMs !== undefined && olderThanMs >= newerThanMs)
    throw new UsageError("--older-than must be the shorter of the two: nothing is older than it and newer as well.");
}

interface FailedOptions {
  readonly table: string;
  readonly queueUrl: string;
  readonly class?: FailureClass;
  readonly reason?: string;
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly limit: number;
  readonly dryRun?: true;
}

function describeRedrive(program: Command, found: (parsed: RedriveArguments) => void): void {
  program.description("Gives what failed another chance.");
  program
    .command("failed")
    .description("Opens FAILED jobs again, with a new retry budget.")
    .requiredOption("--table <NAME>", "the table of the jobs")
    .requiredOption("--queue-url <URL>", "the work queue", queueUrl)
    .addOption(new Option("--class <CLASS>", "only failures of this class").choices(CLASSES))
    .option("--reason <TEXT>", "only those whose reason has this in it")
    .option("--older-than <TIME>", "only those that failed longer ago, as in 90m, 2h or 7d", duration)
    .option("--newer-than <TIME>", "only those that failed since", duration)
    .option("--limit <N>", "jobs at most", wholeNumber, DEFAULT_LIMIT)
    .option("--dry-run", "only say which")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .action((options: FailedOptions) =>
      found({
        command: "failed",
        table: options.table,
        queueUrl: options.queueUrl,
        failureClass: options.class,
        reason: options.reason,
        olderThanMs: options.olderThan,
        newerThanMs: options.newerThan,
        limit: options.limit,
        isDryRun: options.dryRun ?? false,
      }),
    );
  program
    .command("dead-letters")
    .description("Sends dead letters that are valid messages to the work queue again; leaves the others, and says why.")
    .requiredOption("--from <URL>", "the dead-letter queue", queueUrl)
    .requiredOption("--to <URL>", "the work queue", queueUrl)
    .option("--dry-run", "only say which")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .action(({ from, to, dryRun }: { from: string; to: string; dryRun?: true }) =>
      found({ command: "dead-letters", from, to, isDryRun: dryRun ?? false }),
    );
}

function queueUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
  throw new InvalidArgumentError("It must be a queue's URL, https://sqs....");
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0) return number;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

function duration(text: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError("It must be a number and s, m, h or d, as in 90m.");
  return Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
