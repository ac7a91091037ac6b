/** How commands name one job. */
import type { Command } from "commander";
import type { JobMessage } from "../../core/model/message.ts";
import { checkJob } from "../../core/producer/check-job.ts";
import { InvalidJobError } from "../../core/producer/errors.ts";
import { TYPED } from "../terminal/typed.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface JobReference {
  readonly jobId: string;
  /** Undefined: the job was named by its id. */
  readonly url: string | undefined;
  /** What a producer sends for the URL. */
  readonly message?: JobMessage;
}

export interface ReferenceOptions {
  readonly work?: string;
  readonly artifact?: string;
  readonly identity?: string;
  readonly refresh?: string;
}

/** For the help texts of commands with a reference. */
export const REFERENCE_NOTES = `A job's id has 32 hex digits. It is in the events and the announcements, and ${TYPED} jobs lists it.

The id of a URL is made as a producer makes it: --work, --artifact, --identity and --refresh are what the message said.
Without --work and --artifact, they are made from the URL, as for a list of URLs.`;

const JOB_ID = /^[0-9a-f]{32}$/;

export const withJobReference = (command: Command): Command =>
  withReferenceOptions(command.argument("<JOB_ID|URL>", "the job's id, or its URL"));

/** @param otherwise what `--work` says if no URL is given. */
export const withOptionalJob = (command: Command, otherwise?: string): Command =>
  withReferenceOptions(command.argument("[JOB_ID|URL]", "only this job: its id, or its URL"), otherwise);

const withReferenceOptions = (command: Command, otherwise?: string): Command =>
  command
    .option("--work <ID>", `the job's work_id, if a URL is given${otherwise === undefined ? "" : `; ${otherwise}`}`)
    .option("--artifact <ID>", "the job's artifact_id, if a URL is given")
    .option("--identity <TEXT>", "the job's identity, if a URL is given")
    .option("--refresh <TEXT>", "the job's refresh, if a URL is given");

/** @throws UsageError if the job is named by neither an id nor a URL. */
export function jobReference(job: string, { artifact, identity, refresh, work }: ReferenceOptions): JobReference {
  if (JOB_ID.test(job)) return { jobId: job, url: undefined };
  if (!URL.canParse(job))
    throw new UsageError(`${job} is neither a job's id (32 hex digits) nor a URL. Give one of them.`);
  const named = {
    ...(work !== undefined && { work_id: work }),
    ...(artifact !== undefined && { artifact_id: artifact }),
    ...(identity !== undefined && { identity }),
    ...(refresh !== undefined && { refresh }),
  };
  try {
    const { body, job_id: jobId } = checkJob({ url: job, ...named });
    return { jobId, url: job, message: JSON.parse(body) as JobMessage };
  } catch (error) {
    if (!(error instanceof InvalidJobError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
