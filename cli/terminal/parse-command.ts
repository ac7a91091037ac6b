import { Command, CommanderError, InvalidArgumentError } from "commander";
import { UsageError } from "./usage-error.ts";

interface CommandLine {
  readonly name: string;
  /** The command as people type it, up to its options. */
  readonly typed: string;
}

/**
 * Parses a command line with commander, which is kept from printing and from ending the process.
 * @param describe adds options and subcommands, whose actions pass the parsed values to `found`.
 * @returns the value passed to `found`, or the text that was requested: the help, for example.
 * @throws UsageError if the command line is not valid.
 */
export function parseCommand<T extends object>(
  argv: readonly string[],
  { name, typed }: CommandLine,
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
    const { path, subcommands } = commandIn(argv, program);
    const said =
      error.code === "commander.help"
        ? `The command is missing. Write ${oneOf(subcommands)}.`
        : error.message.replace(/^error: /, "");
    throw new UsageError(`${said}\nTry: ${[typed, ...path].join(" ")} --help`, { cause: error });
  }
  if (printed !== "") return printed.trimEnd();
  if (!parsed) throw new TypeError(`${typed}: the command line was parsed, but no command handled it.`);
  return parsed;
}

/** The command that the words name, as far as they name one, and its own commands. */
function commandIn(argv: readonly string[], program: Command) {
  const path: string[] = [];
  let at = program;
  for (const word of argv) {
    const next = at.commands.find((command) => command.name() === word);
    if (!next) break;
    path.push(word);
    at = next;
  }
  return { path, subcommands: at.commands.map((command) => command.name()) };
}

const oneOf = (names: readonly string[]): string =>
  names.length > 2 ? `one of ${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join(" or ");

/** A parser of whole numbers for an option. `wanted` says what the value must be. */
export const wholeNumber =
  (least: number, most: number, wanted: string) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be ${wanted}.`);
  };
