/** The shell commands that documents give for a deployed system, as their readers type them. */
import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { batchIdOf } from "../../../cli/submit/make-batch.ts";
import { readingText } from "../../../cli/submit/progress-file.ts";
import { present } from "../../../core/model/present.ts";
import { installAwsCli } from "../tools.ts";
import type { Deployed } from "./deployed.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Its first block defines what other pages use. */
const START = "docs/runbooks/README.md";
/** A scan prints each record. */
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
const LAST_WORDS = 2_000;
const LIST_ID_DIGITS = 32;
const BLOCK = /^ *```sh\n(.*?)^ *```/gms;

/** `dev` keeps no archive, so it has no archiver. */
const OF_PROD_ALONE = new Set(["docs/runbooks/archive-late.md"]);

/** The pages with commands for a deployed system that `dev` can answer. Turning the gate off comes last. */
export const PAGES = globSync(
  ["docs/runbooks/*.md", "docs/announcements.md", "docs/producers.md", "docs/batches.md", "AGENTS.md"],
  {
    cwd: ROOT,
  },
)
  .filter((page) => blocksOf(page).length > 0 && !OF_PROD_ALONE.has(page))
  .toSorted()
  .toReversed();

function blocksOf(page: string): readonly string[] {
  return [...readFileSync(join(ROOT, page), "utf8").matchAll(BLOCK)].map(([, block = ""]) => block);
}

interface Reader {
  readonly deployed: Deployed;
  /** A job of the deployed system. */
  readonly jobId: string;
  /** A file in a list that the reader has. */
  readonly url: string;
  /** The ARN of a queue that takes what the bus announces. */
  readonly listener: string;
}

/** The batch that is made of a list's bytes. */
const batchIdOfLines = (list: Buffer): string =>
  batchIdOf(
    hash("sha256", list).slice(0, LIST_ID_DIGITS),
    readingText({ format: undefined, urlColumn: undefined, metadata: true }),
  );

/** What the reader puts in where a page has a name in angle brackets, or one of these names. */
const putIn = ({ deployed, jobId, listener }: Reader, list: string): Readonly<Record<string, string>> => ({
  EventBusName: deployed.outputs.EventBusName,
  StagingBucketName: deployed.outputs.StagingBucketName,
  BatchesBucketName: deployed.outputs.BatchesBucketName,
  NAME: deployed.stack,
  "urls.txt": list,
  JOB_ID: jobId,
  BATCH_ID: batchIdOfLines(readFileSync(list)),
  job_id: jobId,
  "job_id or URL": jobId,
  "request id": "none",
  ms: "0",
  you: "ada",
  why: "INC-7",
  "ARN of an SQS queue that lets events.amazonaws.com send": listener,
});

/**
 * Runs all commands of a page in one shell, after the functions that the runbooks' first page defines.
 * @throws Error with the shell's output if a command fails.
 */
export async function runPage(page: string, reader: Reader): Promise<string> {
  const { emulator, stack } = reader.deployed;
  const { folder } = emulator;
  const list = join(folder, "urls.txt");
  await writeFile(list, `${reader.url}\n`);
  const puts = putIn(reader, list);
  const [functions = "", ...first] = blocksOf(START);
  const blocks = page === START ? first : blocksOf(page);
  const script = [functions, ...blocks]
    .join("\n")
    .replace(/^export STACK=.*$/m, `export STACK=${stack}`)
    .replaceAll("fetchonce-prod", stack)
    .replaceAll(/<([\w .]+)>|\b(JOB_ID|BATCH_ID|urls\.txt)\b/g, (_, named, plain) => {
      const name = String(named ?? plain);
      return present(puts[name], `what is put in for ${name} of ${page}`);
    });
  const at = "npm --prefix " + JSON.stringify(ROOT);
  // In the script, since what bash reads at its start may put another AWS CLI first.
  const path = `PATH=${JSON.stringify(await withAwsCli(folder))}:$PATH\n`;
  const typed = path + script.replaceAll(/\bnpm (?=start|run)/g, `${at} --silent `);
  // Commands write to /dev/stdout, which cannot be opened if it is a socket of Node's.
  const shell = run("bash", ["-o", "pipefail", "-c", 'bash -euo pipefail -c "$0" | cat', typed], {
    maxBuffer: MOST_OUTPUT_BYTES,
    cwd: folder,
    env: {
      ...process.env,
      ...emulator.environment,
      npm_config_update_notifier: "false",
      USER: "ada",
      XDG_STATE_HOME: folder,
    },
  });
  return shell.then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\nIt had printed:\n${error.stdout?.slice(-LAST_WORDS)}`, { cause: error });
    },
  );
}

/** The first version of the CLI asks AWS itself about queues, whatever the environment says, unless it is told so. */
async function withAwsCli(folder: string): Promise<string> {
  const programs = join(folder, "programs");
  await mkdir(programs, { recursive: true });
  const command = `exec ${JSON.stringify(join(await installAwsCli(), "aws"))} --endpoint-url "$AWS_ENDPOINT_URL" "$@"`;
  await writeFile(join(programs, "aws"), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  return programs;
}
