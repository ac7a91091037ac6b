import { type Command, Option } from "commander";
import { wholeNumber } from "../terminal/parse-command.ts";

const TOP_BY = ["waiting", "slowed", "failing"] as const;
type TopBy = (typeof TOP_BY)[number];

export interface TopHostsQuery {
  readonly by: TopBy;
  readonly minutes: number;
  /** How many hosts, 1 to 100. */
  readonly most: number;
}

export interface TopArguments extends TopHostsQuery {
  readonly kind: "top";
  readonly stack: string;
  readonly json: boolean;
}

const DEFAULTS = { by: "waiting", minutes: 15, most: 10 } as const satisfies TopHostsQuery;
const MOST_HOSTS = 100;
/** CloudWatch reports a day at a time. */
const MOST_MINUTES = 1440;

const NOTES = `
waiting: jobs that were sent away, to come back later. slowed: answers that asked for less (429, 503, rate limits), and
jobs that were sent away because of one. failing: requests that failed, and jobs that were sent away from a host that
is down. A job that is sent away again counts again; within 15 minutes, each that waits is counted at least once, unless
it was told to wait for longer.

Region and credentials come from the environment, as for every AWS tool. It needs cloudwatch:GetInsightRuleReport.`;

interface TopOptions extends TopHostsQuery {
  readonly stack: string;
  readonly json?: boolean;
}

/** It asks CloudWatch, which names the deployment by its stack, and not the table. */
export function describeTop(program: Command, found: (parsed: TopArguments) => void): void {
  program
    .command("top")
    .description("show the hosts that most jobs wait for, that ask for less, or that fail")
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
    .option("--json", "as JSON, for programs")
    .addHelpText("after", NOTES)
    .action(({ json = false, ...options }: TopOptions) => found({ kind: "top", json, ...options }));
}
