import { Command, CommanderError, InvalidArgumentError } from "commander";
import { UsageError } from "./usage-error.ts";

interface CommandLine {
  readonly name: string;
  /** The command as people type it, up to its options. */
  readonly typed: string;
  /** The message if the subcommand is missing. */
  readonly whatIsMissing?: string;
}

/**
 * Parses a command line with commander, which is kept from printing and from ending the process.
 * @param describe adds options and subcommands, whose actions pass the parsed values to `found`.
 * @returns the value passed to `found`, or the text that was requested: the help, for example.
 * @throws UsageError if the command line is not valid.
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
    throw new UsageError(`${said}\nTry: ${typed} --help`, { cause: error });
  }
  if (printed !== "") return printed.trimEnd();
  if (!parsed) throw new TypeError(`${typed}: the command line was parsed, but no command handled it.`);
  return parsed;
}

/** A parser of whole numbers for an option. `wanted` says what the value must be. */
export const wholeNumber =
  (least: number, most: number, wanted: string) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be ${wanted}.`);
  };
