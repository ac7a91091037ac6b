import { hash } from "node:crypto";
import { readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { ifThere, makeFolder, onDisk, syncFolder, writeDurably } from "../../adapters/local/disk.ts";
import { plural } from "../shared/words.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { Reading } from "./arguments.ts";

const count = z.number().check(z.int(), z.nonnegative());

const schema = z.object({
  v: z.literal(1),
  /** The list's id. */
  list: z.string(),
  name: z.string(),
  queue_url: z.string(),
  /** How the lines were read: read in another way, they are other jobs. */
  reading: z.string(),
  jobs: count,
  invalid_lines: count,
  /** So many jobs at the list's beginning are surely in the queue. */
  sent: count,
  /** The batch that was made of the list. Absent: none was, or an older release sent the list. */
  batch: z.optional(z.string()),
});

/** How far a list was sent to a queue. */
export type Progress = z.infer<typeof schema>;

/** What is sent, and where to. */
export interface Purpose {
  readonly id: string;
  readonly name: string;
  readonly queueUrl: string;
  readonly reading: Reading;
}

export const isDone = ({ jobs, sent }: Progress): boolean => sent >= jobs;

export const beginning = (purpose: Purpose, jobs: number, invalidLines: number): Progress => ({
  v: 1,
  list: purpose.id,
  name: purpose.name,
  queue_url: purpose.queueUrl,
  reading: readingText(purpose.reading),
  jobs,
  invalid_lines: invalidLines,
  sent: 0,
});

export const readingText = ({ format, metadata, urlColumn }: Reading): string =>
  JSON.stringify([format ?? null, urlColumn ?? null, metadata]);

/** In the folder of the user's own for such files, by the list's id and where it is sent to. */
export function usualPath({ id, queueUrl, reading }: Purpose, env: Readonly<NodeJS.ProcessEnv>): string {
  const state = env["XDG_STATE_HOME"] || join(homedir(), ".local/state");
  const way = hash("sha256", JSON.stringify([queueUrl, readingText(reading)])).slice(0, 8);
  return join(state, "fetchonce/submit", `${id}-${way}.json`);
}

export class ProgressFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * @param again leaves alone what was sent before.
   * @returns undefined if nothing was sent for that purpose.
   * @throws UsageError if the file is none of ours, or says how far another list was sent.
   */
  read(purpose: Purpose, again: boolean): Progress | undefined {
    const text = ifThere(this.path, () => readFileSync(this.path, "utf8"));
    if (text === undefined) return undefined;
    const progress = parsed(text);
    if (progress === undefined)
      throw new UsageError(
        `${this.path} does not say how far a list was sent: it is damaged, or another kind of file. Remove it, or name ` +
          "another file with --progress. The list is then sent from its start, which does no harm.",
      );
    if (again) return undefined;
    if (
      progress.list === purpose.id &&
      progress.queue_url === purpose.queueUrl &&
      progress.reading === readingText(purpose.reading)
    )
      return progress;
    if (isDone(progress)) return undefined;
    const what =
      progress.list !== purpose.id
        ? progress.name === purpose.name
          ? `${purpose.name} has changed since ${sentOf(progress)} of it were sent`
          : `${this.path} says how far another list, ${progress.name}, was sent: ${sentOf(progress)}`
        : progress.queue_url !== purpose.queueUrl
          ? `${sentOf(progress)} of ${purpose.name} were sent to another queue, ${progress.queue_url}`
          : `${sentOf(progress)} of ${purpose.name} were sent with another --format, --url-column or --no-metadata`;
    throw new UsageError(
      `${what}. To send ${purpose.name} from its start, add --again: jobs that are sent twice are the same jobs. ` +
        "Or name another file with --progress.",
    );
  }

  /** Replaces what the file says, once the disk has it. */
  async write(progress: Progress): Promise<void> {
    const folder = dirname(this.path);
    await makeFolder(folder);
    const draft = `${this.path}.part`;
    await writeDurably(draft, "w", Buffer.from(`${JSON.stringify(progress, null, 2)}\n`), 0);
    onDisk(this.path, () => renameSync(draft, this.path));
    await syncFolder(folder);
  }
}

const sentOf = ({ jobs, sent }: Progress): string => `${sent} of ${plural(jobs, "job")}`;

function parsed(text: string): Progress | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
