import { Command, CommanderError } from "commander";
import { UsageError } from "./usage-error.ts";

interface CommandLine {
  readonly name: string;
  /** What people type for it, as far as the options. */
  readonly typed: string;
  /** What to say to whoever names no subcommand. */
  readonly whatIsMissing?: string;
}

/**
 * Parses a command line with commander, which prints nothing here and ends no process.
 * @param describe adds options and subcommands, whose actions hand over what they were given.
 * @returns what was handed over, or the help that was asked for.
 * @throws UsageError
 */
export function parseCommand<T extends object>(
  argv: readonly string[],
  { name, typed, whatIsMissing }: CommandLine,
  describe: (program: Command, found: (parsed: T) => void) => void,
): T | string {
  let printed = "";
  let parsed: T | undefined;
  const program = new Command(name)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        printed += text;
      },
      writeErr: () => undefined,
    });
  describe(program, (found) => {
    parsed = found;
  });
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return printed.trimEnd();
    const isMissing = error.code === "commander.help" && whatIsMissing !== undefined;
    const said = isMissing ? whatIsMissing : error.message.replace(/^error: /, "");
    throw new UsageError(`${said}\nTry: ${typed} -- --help`, { cause: error });
  }
  if (!parsed) throw new TypeError(`${typed} was parsed and led to nothing.`);
  return parsed;
}
