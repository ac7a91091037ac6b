/** The shell commands of documents, typed into bash as their readers do. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installAwsCli } from "./tools.ts";

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** A scan prints each record. */
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
const LAST_WORDS = 2_000;

/** The blocks of a page that are in that language. */
export const blocksOf = (page: string, language = "sh"): readonly string[] =>
  [...readFileSync(join(ROOT, page), "utf8").matchAll(new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\``, "gms"))].map(
    ([, block = ""]) => block,
  );

interface Typing {
  /** A folder of programs that come first. */
  readonly programs: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @returns what is printed. @throws Error with the shell's output if a command fails. */
export async function typeIntoBash(script: string, { cwd, env, programs }: Typing): Promise<string> {
  // In the script, since what bash reads at its start may put another AWS CLI first.
  const typed = `PATH=${JSON.stringify(programs)}:$PATH\n${script}`;
  // Commands write to /dev/stdout, which cannot be opened if it is a socket of Node's.
  const shell = run("bash", ["-o", "pipefail", "-c", 'bash -euo pipefail -c "$0" | cat', typed], {
    maxBuffer: MOST_OUTPUT_BYTES,
    cwd,
    env: { ...process.env, ...env },
  });
  return shell.then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\nIt had printed:\n${error.stdout?.slice(-LAST_WORDS)}`, { cause: error });
    },
  );
}

/** The first version of the CLI asks AWS itself about queues, whatever the environment says, unless it is told so. */
export async function awsCliIn(folder: string): Promise<string> {
  const programs = join(folder, "programs");
  await mkdir(programs, { recursive: true });
  const command = `exec ${JSON.stringify(join(await installAwsCli(), "aws"))} --endpoint-url "$AWS_ENDPOINT_URL" "$@"`;
  await writeFile(join(programs, "aws"), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  return programs;
}
