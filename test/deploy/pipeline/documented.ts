/** The shell commands that documents give for a deployed system, as their readers type them. */
import { hash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { batchIdOf } from "../../../cli/submit/make-batch.ts";
import { readingText } from "../../../cli/submit/progress-file.ts";
import { present } from "../../../core/model/present.ts";
import { awsCliIn, blocksOf, ROOT, typeIntoBash } from "../typed.ts";
import type { Deployed } from "./deployed.ts";

/** Its first block defines what other pages use. */
const START = "docs/runbooks/README.md";
const LIST_ID_DIGITS = 32;

/** A batch of records that Lambda gave up, as it puts it into the archive's bucket. */
const GIVEN_UP = "aws/lambda/given-up";

const NEWCOMERS = "README.md";
/** Of the newcomer's page, those that name a deployed system. */
const typedBlocksOf = (page: string): readonly string[] =>
  blocksOf(page).filter((block) => page !== NEWCOMERS || block.includes("--stack"));

/** The pages with commands for a deployed system that `dev` can answer. Turning the gate off comes last. */
export const PAGES = globSync(
  ["docs/runbooks/*.md", "docs/announcements.md", "docs/producers.md", "docs/batches.md", "AGENTS.md", NEWCOMERS],
  {
    cwd: ROOT,
  },
)
  .filter((page) => typedBlocksOf(page).length > 0)
  .toSorted()
  .toReversed();

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
  key: GIVEN_UP,
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
  const given = { Bucket: reader.deployed.outputs.BatchesBucketName, Key: GIVEN_UP };
  await emulator.aws("s3", "put_object", {
    ...given,
    Body: JSON.stringify({ payload: JSON.stringify({ Records: [] }) }),
  });
  const puts = putIn(reader, list);
  const [functions = "", ...first] = blocksOf(START);
  const blocks = page === START ? first : typedBlocksOf(page);
  const script = [functions, ...blocks]
    .join("\n")
    .replace(/^export STACK=.*$/m, `export STACK=${stack}`)
    .replaceAll("fetchonce-prod", stack)
    .replaceAll(/<([\w .]+)>|\b(JOB_ID|BATCH_ID|urls\.txt)\b/g, (_, named, plain) => {
      const name = String(named ?? plain);
      return present(puts[name], `what is put in for ${name} of ${page}`);
    });
  const at = "npm --prefix " + JSON.stringify(ROOT);
  const typed = script.replaceAll(/\bnpm (?=start|run)/g, `${at} --silent `);
  return typeIntoBash(typed, {
    programs: await awsCliIn(folder),
    cwd: folder,
    env: { ...emulator.environment, npm_config_update_notifier: "false", USER: "ada", XDG_STATE_HOME: folder },
  });
}
