/** How commands name one job. */
import type { Command } from "commander";
import { jobIdOf } from "../../core/producer/check-job.ts";
import { InvalidJobError } from "../../core/producer/errors.ts";
import { TYPED } from "../terminal/typed.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface JobReference {
  readonly jobId: string;
  /** Undefined: the job was named by its id. */
  readonly url: string | undefined;
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

export const withOptionalJob = (command: Command): Command =>
  withReferenceOptions(command.argument("[JOB_ID|URL]", "only this job: its id, or its URL"));

const withReferenceOptions = (command: Command): Command =>
  command
    .option("--work <ID>", "the job's work_id, if a URL is given")
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
    return { jobId: jobIdOf({ url: job, ...named }), url: job };
  } catch (error) {
    if (!(error instanceof InvalidJobError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
