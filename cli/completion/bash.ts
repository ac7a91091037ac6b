import type { DescribedCommand, DescribedOption, DescribedProgram, Values } from "./described.ts";

/** For bash 3.2, which macOS has, and newer ones. What the function does not know is left to readline: files. */
export function bashScript({ commands, name, options, usual }: DescribedProgram): string {
  const names = commands.map((command) => command.name).join(" ");
  const beforeCommands = options.flatMap((option) => option.names).join(" ");
  return `# Completes ${name} in bash. In ~/.bashrc: source <(${name} completion bash)
_${name}() {
  local IFS=$'\\n' word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command=${usual.name} words
  # bash cuts --option=value into three words.
  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  COMPREPLY=()
  case $COMP_CWORD:\${COMP_WORDS[1]} in
    1:-*) words='${beforeCommands}' ;;
    1:*) words='${names}' ;;
${commands.map((command) => `    *:${command.name}) command=${command.name} ;;`).join("\n")}
  esac
  case $command:$before in
${valueCases(commands)}
  esac
  case $command:$word in
${commands.map(optionCase).join("\n")}
${commands.flatMap(argumentCase).join("\n")}
  esac
  COMPREPLY=($(compgen -W "\${words// /$IFS}" -- "$word"))
}
complete -o default -F _${name} ${name}
`;
}

/** One case for all options whose values are completed in the same way. */
function valueCases(commands: readonly DescribedCommand[]): string {
  const options = commands.flatMap((command) => command.options.map((option) => ({ command, option })));
  const withValue = options.filter(({ option }) => option.valueName !== undefined && !option.isValueOptional);
  const cases = Map.groupBy(withValue, ({ option }) => completing(option.values));
  return [...cases]
    .map(
      ([action, same]) => `    ${same.flatMap(({ command, option }) => patternsOf(command, option)).join(" | ")})
      ${action}
      return
      ;;`,
    )
    .join("\n");
}

const patternsOf = (command: DescribedCommand, { names }: DescribedOption): readonly string[] =>
  names.map((name) => `${command.name}:${name}`);

function completing(values: Values): string {
  if (values.kind === "words") return `COMPREPLY=($(compgen -W "${values.words.join("${IFS}")}" -- "$word"))`;
  if (values.kind !== "folders") return ":";
  return `COMPREPLY=($(compgen -d -- "$word"))
      compopt -o filenames 2>/dev/null`;
}

const optionCase = ({ name, options }: DescribedCommand): string =>
  `    ${name}:-*) words="$words ${options.flatMap((option) => option.names).join(" ")}" ;;`;

const argumentCase = ({ argument, name }: DescribedCommand): readonly string[] =>
  argument?.values.kind === "words" ? [`    ${name}:*) words="$words ${argument.values.words.join(" ")}" ;;`] : [];
