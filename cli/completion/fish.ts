import type { DescribedCommand, DescribedOption, DescribedProgram, Values } from "./described.ts";

export function fishScript({ commands, name, options, usual }: DescribedProgram): string {
  const complete = `complete -c ${name}`;
  const others = commands.filter((command) => command.name !== usual.name).map((command) => command.name);
  const isIn = (command: DescribedCommand): string =>
    command.name === usual.name
      ? `not __fish_seen_subcommand_from ${others.join(" ")}`
      : `__fish_seen_subcommand_from ${command.name}`;
  const lines = [
    ...commands.map((each) => `${complete} -n __fish_use_subcommand -a ${each.name} -d ${quoted(each.description)}`),
    ...options.map((option) => `${complete} -n __fish_use_subcommand ${optionSpec(option)}`),
    ...commands.flatMap((command) => {
      const when = `${complete} -n ${quoted(isIn(command))}`;
      return [...argumentSpecs(command), ...command.options.map(optionSpec)].map((spec) => `${when} ${spec}`);
    }),
  ];
  const howTo = `# Completes ${name} in fish. Once: ${name} completion fish > ~/.config/fish/completions/${name}.fish`;
  return `${[howTo, ...lines].join("\n")}\n`;
}

function argumentSpecs({ argument }: DescribedCommand): readonly string[] {
  if (argument?.values.kind === "files") return [];
  return [argument?.values.kind === "words" ? `-f -a ${quoted(argument.values.words.join(" "))}` : "-f"];
}

function optionSpec({ description, isValueOptional, names, valueName, values }: DescribedOption): string {
  const spelled = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = valueName === undefined || isValueOptional ? [] : [completing(values)];
  return [...spelled, ...value, `-d ${quoted(description)}`].join(" ");
}

function completing(values: Values): string {
  if (values.kind === "words") return `-x -a ${quoted(values.words.join(" "))}`;
  if (values.kind === "files") return "-r -F";
  return values.kind === "folders" ? "-x -a '(__fish_complete_directories)'" : "-x";
}

const quoted = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
