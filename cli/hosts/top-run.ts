import type { Writable } from "node:stream";
import { type Command, Option } from "commander";
import { EXIT } from "../terminal/exit.ts";
import { parseCommand, wholeNumber } from "../terminal/parse-command.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { describeTopHosts, TOP_BY, topHosts, type TopHostsDeps, type TopHostsQuery } from "./top-hosts.ts";

export interface TopSurroundings extends Omit<TopHostsDeps, "prefix"> {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

type TopArguments = TopHostsQuery & { readonly stack: string };

const DEFAULTS = { by: "waiting", minutes: 15, most: 10 } as const satisfies TopHostsQuery;
const MOST_HOSTS = 100;
/** CloudWatch reports a day at a time. */
const MOST_MINUTES = 1440;

const NOTES = `
waiting: jobs that were sent away, to come back later. slowed: answers that asked for less (429, 503, rate limits), and
jobs that were sent away because of one. failing: requests that failed, and jobs that were sent away from a host that
is down. A job that is sent away again counts again; within 15 minutes, each that waits is counted at least once, unless
it was told to wait for longer.

Region and credentials come from the environment, as for every AWS tool. It needs cloudwatch:GetInsightRuleReport.

Exit code: 0 done, 1 failed, 2 wrong usage.`;

function describe(program: Command, found: (parsed: TopArguments) => void): void {
  program
    .description("Shows the hosts that most jobs wait for, that ask for less, or that fail.")
    .requiredOption("--stack <NAME>", "name of the stack, such as fetchonce-prod")
    .addOption(new Option("--by <WHAT>", "what to count").choices(TOP_BY).default(DEFAULTS.by))
    .option(
      "--minutes <N>",
      "the last minutes",
      wholeNumber(1, MOST_MINUTES, `a whole number from 1 to ${MOST_MINUTES}`),
      DEFAULTS.minutes,
    )
    .option(
      "--most <N>",
      "how many hosts",
      wholeNumber(1, MOST_HOSTS, `a whole number from 1 to ${MOST_HOSTS}`),
      DEFAULTS.most,
    )
    .addHelpText("after", NOTES)
    .action((options: TopArguments) => found(options));
}

/** @returns the exit code. */
export async function runTopHosts(argv: readonly string[], surroundings: TopSurroundings): Promise<number> {
  const { clock, report, stderr, stdout } = surroundings;
  try {
    const parsed = parseCommand(argv, { name: "hosts-top", typed: "npm run hosts-top --" }, describe);
    const lines =
      typeof parsed === "string"
        ? [parsed]
        : describeTopHosts(await topHosts({ clock, report, prefix: parsed.stack }, parsed), parsed);
    stdout.write(`${lines.join("\n")}\n`);
    return EXIT.done;
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? EXIT.wrongUsage : EXIT.failed;
  }
}
