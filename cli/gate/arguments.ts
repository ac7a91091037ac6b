import { type Command, InvalidArgumentError } from "commander";
import { type GateCommand } from "../../core/gate/gate-rollout.ts";
import { parseCommand } from "../terminal/parse-command.ts";

export interface GateArguments {
  readonly table: string;
  /** Undefined: only to look. */
  readonly change: { readonly command: GateCommand; readonly by: string; readonly reason: string } | undefined;
}

const LONGEST_NAME = 64;
const LONGEST_REASON = 200;

const NOTES = `
The table is the stack's output TableName. Region and credentials come from the environment, as for every AWS tool.

off is effective for every job that begins 30 s later, and stops a rollout. Jobs that have a record finish as they began.
start rolls out by steps from where the gate is; the stack's rollout controller takes each step, and goes back by itself.

Exit code: 0 done, 1 it could not be done, 2 wrong usage or a command that makes no sense now.`;

interface Signed {
  readonly table: string;
  readonly by: string;
  readonly reason: string;
}

/**
 * @returns what to do, or the help that was asked for.
 * @throws UsageError
 */
export function parseGateArguments(argv: readonly string[]): GateArguments | string {
  const whatIsMissing = "Say one of status, start, off, set, pause and resume.";
  return parseCommand(argv, { name: "gate", typed: "npm run gate", whatIsMissing }, describeGateCommand);
}

function describeGateCommand(program: Command, found: (parsed: GateArguments) => void): void {
  program
    .description("Shows and changes how many percent of jobs take the exactly-once path.")
    .addHelpText("after", NOTES);
  const subcommand = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .requiredOption("--table <NAME>", "the jobs table")
      .allowExcessArguments(false);
  const signed = (name: string, description: string): Command =>
    subcommand(name, description)
      .requiredOption("--by <WHO>", "your name, for the history", upTo(LONGEST_NAME))
      .requiredOption("--reason <TEXT>", "why, for the history", upTo(LONGEST_REASON));
  const changing =
    (command: GateCommand) =>
    ({ table, by, reason }: Signed): void =>
      found({ table, change: { command, by, reason } });

  subcommand("status", "what the gate is, and how it came to that").action(({ table }: Signed) =>
    found({ table, change: undefined }),
  );
  signed("start", "begin a rollout: 5, 25, 50, 100 %").action(changing({ kind: "start" }));
  signed("off", "0 % at once; stops a rollout").action(changing({ kind: "off" }));
  signed("pause", "keep the rollout at its step").action(changing({ kind: "pause" }));
  signed("resume", "go on with a paused rollout; its step bakes anew").action(changing({ kind: "resume" }));
  signed("set", "this percentage at once; stops a rollout, and no alarm takes it back")
    .argument("<PERCENT>", "0 to 100", percentage)
    .action((percent: number, options: Signed) => changing({ kind: "set", percent })(options));
}

const upTo =
  (longest: number) =>
  (text: string): string => {
    if (text.trim() !== "" && text.length <= longest) return text.trim();
    throw new InvalidArgumentError(`Write 1 to ${longest} characters.`);
  };

function percentage(text: string): number {
  const percent = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && percent <= 100) return percent;
  throw new InvalidArgumentError("It must be a percentage, 0 to 100.");
}
