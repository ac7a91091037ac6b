/** The shell commands of the runbooks, as whoever is on call types them. */
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { present } from "../../../core/model/present.ts";
import { installAwsCli } from "../tools.ts";
import type { Emulator } from "../emulator.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDER = join(ROOT, "docs/runbooks");
const START = "README.md";
/** A scan prints each record. */
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
const BLOCK = /^ *```sh\n(.*?)^ *```/gms;

/** `dev` keeps no archive, so it has no archiver. */
const OF_PROD_ALONE = new Set(["archive-late.md"]);

/** The pages with commands that `dev` can answer. */
export const PAGES = globSync("*.md", { cwd: FOLDER })
  .filter((page) => blocksOf(page).length > 0 && !OF_PROD_ALONE.has(page))
  .toSorted();

function blocksOf(page: string): readonly string[] {
  return [...readFileSync(join(FOLDER, page), "utf8").matchAll(BLOCK)].map(([, block = ""]) => block);
}

export interface Typed {
  /** The name of the data stack. */
  readonly stack: string;
  /** What the reader puts in where a page has `<NAME>`, by that name. */
  readonly puts: Readonly<Record<string, string>>;
  /** Where files are written. */
  readonly folder: string;
}

/**
 * Runs all commands of a page in one shell, after the functions that the first page defines.
 * @throws Error with the shell's output if a command fails.
 */
export async function runPage(page: string, { folder, puts, stack }: Typed, emulator: Emulator): Promise<string> {
  const [functions = "", ...first] = blocksOf(START);
  const blocks = page === START ? first : blocksOf(page);
  const script = [functions, ...blocks]
    .join("\n")
    .replace(/^export STACK=.*$/m, `export STACK=${stack}`)
    .replaceAll(/<([\w ]+)>|\bJOB_ID\b/g, (_, name = "job_id") =>
      present(puts[String(name)], `what is put in for <${name}> of ${basename(page)}`),
    );
  const at = "npm --prefix " + JSON.stringify(ROOT);
  const typed = script.replaceAll(/\bnpm (?=start|run)/g, `${at} --silent `);
  const programs = await withAwsCli(folder);
  // Commands write to /dev/stdout, which cannot be opened if it is a socket of Node's.
  const { stdout } = await run("bash", ["-o", "pipefail", "-c", 'bash -euo pipefail -c "$0" | cat', typed], {
    maxBuffer: MOST_OUTPUT_BYTES,
    cwd: folder,
    env: {
      ...process.env,
      ...emulator.environment,
      PATH: [programs, process.env["PATH"]].join(delimiter),
      npm_config_update_notifier: "false",
      USER: "ada",
    },
  });
  return stdout;
}

/** The first version of the CLI asks AWS itself about queues, whatever the environment says, unless it is told so. */
async function withAwsCli(folder: string): Promise<string> {
  const programs = join(folder, "programs");
  await mkdir(programs, { recursive: true });
  const command = `exec ${JSON.stringify(join(await installAwsCli(), "aws"))} --endpoint-url "$AWS_ENDPOINT_URL" "$@"`;
  await writeFile(join(programs, "aws"), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  return programs;
}
