import { InvalidArgumentError, type Command } from "commander";
import { parseCommand } from "../terminal/parse-command.ts";

export interface EventsArguments {
  /** Empty: standard input. */
  readonly files: readonly string[];
  /** Undefined: the events of all jobs. */
  readonly job: string | undefined;
}

const NOTES = `
The log may be lines as the functions write them, or what \`aws logs\` prints: tail, filter-log-events, get-log-events,
get-query-results. Lines that are no events are left out. To read a compressed log, use zcat.

For example:
  aws logs tail <WorkerLogGroup> --since 1h --format short | npm run events --silent -- --job <JOB_ID>`;

/**
 * @returns the parsed arguments, or the help text if it was requested.
 * @throws UsageError if an argument is not valid.
 */
export const parseEventsArguments = (argv: readonly string[]): EventsArguments | string =>
  parseCommand(argv, { name: "events", typed: "npm run events --" }, describe);

function describe(program: Command, found: (parsed: EventsArguments) => void): void {
  program
    .description("Prints the events in a log as JSON lines, one event each: packed lines are unpacked.")
    .argument("[FILE...]", "files of the log (default: standard input)")
    .option("--job <ID>", "the events of this job alone, in the order of their times", jobIdIn)
    .addHelpText("after", NOTES)
    .action((files: readonly string[], { job }: { readonly job?: string }) => found({ files, job }));
}

function jobIdIn(text: string): string {
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a job's id: 32 hex digits.");
}
