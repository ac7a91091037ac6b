import { type Command, InvalidArgumentError, Option } from "commander";
import { FAILURE_CLASSES, type FailureClass } from "../../core/model/record.ts";
import { batchId, checkAges, duration, hostOf } from "../shared/job-options.ts";
import { NAME_IT, stackOption } from "../shared/stack.ts";
import { wholeNumber } from "../terminal/parse-command.ts";
import { UsageError } from "../terminal/usage-error.ts";

interface Stack {
  readonly stack: string;
}

interface TableAndQueue {
  readonly table: string;
  readonly queueUrl: string;
}

interface Queues {
  /** The dead-letter queue. */
  readonly from: string;
  readonly to: string;
}

interface Selected {
  readonly command: "failed";
  readonly class?: FailureClass;
  readonly reason?: string;
  /** As in a URL: in lower case, with its port unless it is the usual one. */
  readonly host?: string;
  readonly work?: string;
  /** Only with `--stack`. */
  readonly batch?: string;
  /** Time since the failure, in ms. */
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly limit: number;
  readonly dryRun?: true;
  readonly json?: true;
}

interface Letters {
  readonly command: "dead-letters";
  readonly dryRun?: true;
  readonly json?: true;
}

/** A deployment by its stack, or what the command needs of it. */
export type FailedArguments = Selected & (Stack | TableAndQueue);
export type DeadLettersArguments = Letters & (Stack | Queues);

export type RedriveArguments = FailedArguments | DeadLettersArguments;

const DEFAULT_LIMIT = 1000;

const EXAMPLES = `
--stack reads the addresses of the deployment (cloudformation:DescribeStacks). The other options name them instead:
they are outputs of the stack. AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL apply.

Exit code: 0 done, 1 stopped by an error (nothing is lost: run the command again), 2 wrong usage.`;

function checkSense(parsed: RedriveArguments): void {
  if (parsed.command === "dead-letters") {
    if ("from" in parsed && parsed.from === parsed.to)
      throw new UsageError("--from and --to are the same queue. Write the work queue's URL after --to.");
    return;
  }
  checkAges(parsed);
}

type FailedOptions = Omit<Selected, "command"> & Partial<Stack & TableAndQueue>;
type LettersOptions = Omit<Letters, "command"> & Partial<Stack & Queues>;

export function describeRedriveCommand(program: Command, told: (parsed: RedriveArguments) => void): void {
  const found = (parsed: RedriveArguments): void => {
    checkSense(parsed);
    told(parsed);
  };
  program.description("give failed jobs and dead letters another chance");
  program
    .command("failed")
    .description("reopen FAILED jobs with a new retry budget")
    .addOption(stackOption().conflicts(["table", "queueUrl"]))
    .option("--table <NAME>", "name of the jobs table, with --queue-url in the place of --stack")
    .option("--queue-url <URL>", "URL of the work queue", queueUrl)
    .addOption(new Option("--class <CLASS>", "only failures of this class").choices(FAILURE_CLASSES))
    .option(
      "--reason <TEXT>",
      "only failures whose reason contains this text; cancelled: also jobs that were cancelled",
    )
    .option("--host <HOST>", "only jobs whose URL has this host", hostOf)
    .option("--work <ID>", "only jobs of this work_id")
    .addOption(new Option("--batch <ID>", "only jobs of this batch").argParser(batchId).conflicts(["table"]))
    .option("--older-than <TIME>", "only jobs that failed longer ago than this, such as 90m, 2h or 7d", duration)
    .option("--newer-than <TIME>", "only jobs that failed within this time", duration)
    .option("--limit <N>", "maximum number of jobs", wholeNumber(1, Infinity, "a whole number above 0"), DEFAULT_LIMIT)
    .option("--dry-run", "only list them; change nothing")
    .option("--json", "as JSON lines, for programs")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .action(({ queueUrl: url, stack, table, ...options }: FailedOptions) => {
      const selected = { command: "failed", ...options } as const;
      if (stack !== undefined) found({ ...selected, stack });
      else if (table !== undefined && url !== undefined) found({ ...selected, table, queueUrl: url });
      else throw new UsageError(`${NAME_IT}. In its place: --table and --queue-url.`);
    });
  program
    .command("dead-letters")
    .description("send dead letters that are valid messages to the work queue again; leave the others, and say why")
    .addOption(stackOption().conflicts(["from", "to"]))
    .option("--from <URL>", "URL of the dead-letter queue, with --to in the place of --stack", queueUrl)
    .option("--to <URL>", "URL of the work queue", queueUrl)
    .option("--dry-run", "only list them; change nothing")
    .option("--json", "as JSON lines, for programs")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .action(({ from, stack, to, ...options }: LettersOptions) => {
      const letters = { command: "dead-letters", ...options } as const;
      if (stack !== undefined) found({ ...letters, stack });
      else if (from !== undefined && to !== undefined) found({ ...letters, from, to });
      else throw new UsageError(`${NAME_IT}. In its place: --from and --to.`);
    });
}

function queueUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
  throw new InvalidArgumentError("It must be the URL of a queue, such as https://sqs....");
}
