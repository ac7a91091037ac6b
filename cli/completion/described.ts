import type { Argument, Command, Option } from "commander";

/** What may stand in the place of an option's value or of an argument. */
export type Values =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "files" | "folders" | "unknown" };

export interface DescribedOption {
  /** `-o`, `--out` */
  readonly names: readonly string[];
  readonly description: string;
  /** `DIR`; undefined if the option has no value. */
  readonly valueName: string | undefined;
  readonly isValueOptional: boolean;
  readonly values: Values;
}

export interface DescribedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly DescribedOption[];
  /** Undefined if the command has no arguments. */
  readonly argument: { readonly name: string; readonly values: Values } | undefined;
}

/** A program as completion sees it. */
export interface DescribedProgram {
  readonly name: string;
  readonly commands: readonly DescribedCommand[];
  /** The command that runs if none is named. */
  readonly usual: DescribedCommand;
  /** Options that stand before any command. */
  readonly options: readonly DescribedOption[];
}

/** @param usualName name of the default command, which commander does not tell. */
export function describeProgram(program: Command, usualName: string): DescribedProgram {
  const usual = program.commands.find((command) => command.name() === usualName);
  if (!usual) throw new TypeError(`There is no command ${usualName}.`);
  const commands = program.createHelp().visibleCommands(program);
  const names = commands.map((command) => command.name());
  return {
    name: program.name(),
    commands: commands.map((command) => describedCommand(command, names)),
    usual: describedCommand(usual, names),
    options: program.createHelp().visibleOptions(program).map(describedOption),
  };
}

function describedCommand(command: Command, commandNames: readonly string[]): DescribedCommand {
  return {
    name: command.name(),
    description: command.description(),
    options: optionsOf(command),
    argument: argumentOf(command, commandNames),
  };
}

function argumentOf(command: Command, commandNames: readonly string[]): DescribedCommand["argument"] {
  const own = command.commands.map((each) => each.name());
  if (own.length > 0) return { name: "command", values: { kind: "words", words: own } };
  const [argument] = command.registeredArguments;
  // Commander's own help command.
  const isCommand = argument?.name() === "command";
  return (
    argument && {
      name: argument.name(),
      values: isCommand ? { kind: "words", words: commandNames } : valuesOf(argument.name(), argument),
    }
  );
}

/** Those of its own commands as well: it is not looked which of them is meant. */
function optionsOf(command: Command): readonly DescribedOption[] {
  const all = [command, ...command.commands].flatMap((each) => each.createHelp().visibleOptions(each));
  return [...new Map(all.map((option) => [option.long, describedOption(option)])).values()];
}

function describedOption(option: Option): DescribedOption {
  const valueName = /[<[]([^\]>]+)[\]>]/.exec(option.flags)?.[1];
  return {
    names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
    description: option.description,
    valueName,
    isValueOptional: option.optional,
    values: valuesOf(valueName ?? "", option),
  };
}

/** The names that the help gives to values say what they are: DIR, FILE, LIST. */
function valuesOf(name: string, { argChoices }: Pick<Argument | Option, "argChoices">): Values {
  if (argChoices) return { kind: "words", words: argChoices };
  if (name.includes("DIR")) return { kind: "folders" };
  return { kind: /FILE|LIST/.test(name) ? "files" : "unknown" };
}
