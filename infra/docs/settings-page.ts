/** docs/settings.md: all settings, from the comments in environment.ts and the values of the environments. */
import { readFileSync } from "node:fs";
import { ENVIRONMENTS } from "../environments/environments.ts";
import type { Environment } from "../environments/environment.ts";
import { DEFAULTS } from "../environments/settings.ts";

const SOURCE = new URL("../environments/environment.ts", import.meta.url);
/** A comment, and the settings that follow it until the next one. */
const COMMENTED = /^ {2}\/\*\*(.*?)\*\/\n((?: {2}readonly [^\n]*;\n)+)/gms;

interface Described {
  readonly names: readonly (keyof Environment)[];
  readonly meaning: string;
}

/** In the order of the source. */
export function describedSettings(): readonly Described[] {
  const [, body = ""] = readFileSync(SOURCE, "utf8").split("export interface Environment {\n");
  return [...body.matchAll(COMMENTED)].map(([, comment = "", fields = ""]) => ({
    names: [...fields.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name as keyof Environment),
    meaning: comment
      .replaceAll(/^\s*\* ?/gm, " ")
      .replaceAll(/\s+/g, " ")
      .trim(),
  }));
}

const HEAD = `# Settings

<!-- Made by \`npm run generate\` from infra/environments/. -->

All settings of a deployment, whether [a file of environments](deploying.md#environments-of-your-own) names them or
[the construct's \`settings\`](embedding.md#settings). The default is what \`prod\` has, but nobody is told of alarms.
Where \`dev\` differs, it says so. Ranges include their ends; synth refuses any other value and says why.

| setting | default | what it is |
|---|---|---|
`;

export const settingsMarkdown = (): string =>
  HEAD +
  describedSettings()
    .flatMap(({ meaning, names }) => names.map((name) => rowOf(name, meaning)))
    .map((row) => `${row}\n`)
    .join("");

function rowOf(name: keyof Environment, meaning: string): string {
  const [usual, dev] = [DEFAULTS, ENVIRONMENTS.dev].map((environment) => shown(environment[name]));
  const differs = usual === dev ? "" : `<br>\`dev\`: ${dev}`;
  return `| \`${name}\` | ${usual}${differs} | ${escaped(linked(meaning))} |`;
}

function shown(value: unknown): string {
  if (value === undefined) return "none";
  if (typeof value === "number") return value.toLocaleString("en-US");
  return `\`${escaped(JSON.stringify(value))}\``;
}

const escaped = (text: string): string => text.replaceAll("|", "\\|");

/** Other pages are named by their paths from the root. */
const linked = (text: string): string => text.replaceAll(/\bdocs\/([\w./-]+\.md)/g, "[$1]($1)");
