import type { DescribedCommand, DescribedOption, DescribedProgram, Values } from "./described.ts";

/** For zsh's completion system (compinit). */
export function zshScript({ commands, name, options, usual }: DescribedProgram): string {
  return `#compdef ${name}
# Completes ${name} in zsh. In ~/.zshrc, after compinit: source <(${name} completion zsh)
_${name}() {
  local command=${usual.name}
  local -a commands=(
${commands.map((each) => `    ${quoted(`${each.name}:${each.description}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    [[ $words[2] == -* ]] && _arguments ${options.map(optionSpec).join(" ")}
  elif (( \${commands[(I)$words[2]:*]} )); then
    command=$words[2]
    shift words
    (( CURRENT -= 1 ))
  fi
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function commandCase({ argument, name, options }: DescribedCommand): string {
  const specs = options.map(optionSpec);
  if (argument) specs.push(quoted(`*:${escaped(argument.name)}:${completing(argument.values)}`));
  return `    ${name})\n      _arguments -S \\\n${specs.map((spec) => `        ${spec}`).join(" \\\n")}\n      ;;`;
}

/** `(-o --out){-o,--out}[description]:DIR:_directories`, each part in quotes of its own. */
function optionSpec({ description, isValueOptional, names, valueName, values }: DescribedOption): string {
  const excludes = quoted(`(${names.join(" ")})`);
  const [first = "", ...others] = names;
  const spelled = others.length > 0 ? `{${names.join(",")}}` : first;
  const value = valueName === undefined ? "" : `${isValueOptional ? "::" : ":"}${valueName}:${completing(values)}`;
  return `${excludes}${spelled}${quoted(`[${escaped(description)}]${value}`)}`;
}

function completing(values: Values): string {
  if (values.kind === "words") return `(${values.words.join(" ")})`;
  if (values.kind === "unknown") return " ";
  return values.kind === "folders" ? "_directories" : "_files";
}

const escaped = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&");

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
