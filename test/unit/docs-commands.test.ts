/** Commands that the documents show are accepted by the parser of the command line. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parseArguments } from "../../cli/get/arguments.ts";
import { UsageError } from "../../cli/terminal/usage-error.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = globSync(["*.md", "docs/**/*.md"], { cwd: ROOT }).filter((page) => page !== "CHANGELOG.md");

/** What a page writes where its reader puts in something. */
const PUT_IN: readonly (readonly [RegExp, string])[] = [
  [/<NAME>|"?\$STACK"?/g, "fetchonce-prod"],
  [/<job_id or URL>|<job_id>|\bJOB_ID\b/g, "0123456789abcdef0123456789abcdef"],
  [/"\$USER"/g, "ada"],
];
const BLOCK = /```sh\n(.*?)```|^((?: {4}.*\n)+)/gms;
const INLINE = /`((?:npm start|npm run (?:gate|hosts|redrive)|npx fetchonce|fetchonce) [^`]+)`/g;
const OURS =
  /^(?:npm start(?: --silent)? --|npx fetchonce|fetchonce|npm run (gate|hosts|redrive)(?: --silent)? --) (.+)$/;
const WORD = /"([^"]*)"|'([^']*)'|(\S+)/g;

interface Documented {
  readonly page: string;
  readonly command: string;
  /** In a sentence, a command may be named without all that it needs. */
  readonly isInline: boolean;
}

function documentedIn(page: string): readonly Documented[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const blocks = [...text.matchAll(BLOCK)].map(([, fenced, indented]) => fenced ?? indented ?? "");
  const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, "").split("\n"));
  const inline = [...text.matchAll(INLINE)].map(([, code = ""]) => code.replaceAll(/\s+/g, " "));
  return [
    ...lines.map((command) => ({ page, command: command.trim(), isInline: false })),
    ...inline.map((command) => ({ page, command, isInline: true })),
  ].filter(isWhole);
}

/** Not one of which only a part is shown, or which a shell puts together. */
const isWhole = ({ command }: Documented): boolean => OURS.test(command) && !/\.\.\.|[|[\]]|"\$@"|\bX\b/.test(command);

function wordsOf(command: string): readonly string[] {
  const [, alias, rest = ""] = OURS.exec(command) ?? [];
  const filled = PUT_IN.reduce(
    (text, [written, put]) => text.replaceAll(written, put),
    rest.replace(/ +# .*$| {2,}.*$/, ""),
  );
  const words = [...filled.matchAll(WORD)].map(([, double, single, plain]) => double ?? single ?? plain ?? "");
  return alias === undefined ? words : [alias, ...words];
}

const documented = PAGES.flatMap(documentedIn);

const LACKS = /^(required option|missing required argument|The command is missing|Name the deployment)/;

/** @returns what is wrong with a command. */
function refusalOf(command: string): string | undefined {
  try {
    parseArguments(wordsOf(command), {}, "0");
    return undefined;
  } catch (error) {
    return error instanceof UsageError ? error.message : String(error);
  }
}

it.each(documented)("$page: $command", ({ command, isInline }) => {
  const refusal = refusalOf(command);
  expect(isInline && refusal !== undefined && LACKS.test(refusal) ? undefined : refusal).toBeUndefined();
});

it("there are many, of every command for a deployed system", () => {
  const named = new Set(documented.map(({ command }) => wordsOf(command)[0]));
  expect([...named]).toEqual(
    expect.arrayContaining([
      "get",
      "submit",
      "status",
      "jobs",
      "timeline",
      "tail",
      "open",
      "verify",
      "gate",
      "hosts",
      "redrive",
    ]),
  );
});

it("one with a wrong option is noticed", () => {
  expect(refusalOf("npm start -- status --stack fetchonce-prod --jason")).toContain("unknown option");
});
