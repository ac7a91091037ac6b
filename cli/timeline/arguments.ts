import type { Command } from "commander";
import { jobIdOf } from "../../core/producer/check-job.ts";
import { InvalidJobError } from "../../core/producer/errors.ts";
import { stackOption } from "../shared/stack.ts";
import { TYPED } from "../terminal/typed.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface TimelineArguments {
  readonly stack: string;
  readonly jobId: string;
  /** Undefined: the job was named by its id. */
  readonly url: string | undefined;
  readonly json: boolean;
}

interface Options {
  readonly stack: string;
  readonly work?: string;
  readonly artifact?: string;
  readonly identity?: string;
  readonly refresh?: string;
  readonly json?: boolean;
}

const NOTES = `
A job's id has 32 hex digits. It is in the events and the announcements, and ${TYPED} jobs lists it.

The id of a URL is made as a producer makes it: --work, --artifact, --identity and --refresh are what the message said.
Without --work and --artifact, they are made from the URL, as for a list of URLs.

It reads the job's record and its host's, and changes nothing. It needs cloudformation:DescribeStacks and
dynamodb:GetItem. The record has what counts; the log has each step (npm run events).

Exit code: 0 done, 1 failed, also if the table has no such job, 2 wrong usage.`;

const JOB_ID = /^[0-9a-f]{32}$/;

export function describeTimelineCommand(command: Command, found: (parsed: TimelineArguments) => void): void {
  command
    .description("tell the story of one job: its lease and fence, what is done, and what happens next")
    .argument("<JOB_ID|URL>", "the job's id, or its URL")
    .addOption(stackOption().makeOptionMandatory())
    .option("--work <ID>", "the job's work_id, if a URL is given")
    .option("--artifact <ID>", "the job's artifact_id, if a URL is given")
    .option("--identity <TEXT>", "the job's identity, if a URL is given")
    .option("--refresh <TEXT>", "the job's refresh, if a URL is given")
    .option("--json", "as JSON, for programs")
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action((job: string, options: Options) => found(argumentsOf(job, options)));
}

function argumentsOf(job: string, { artifact, identity, json = false, refresh, stack, work }: Options) {
  if (JOB_ID.test(job)) return { stack, jobId: job, url: undefined, json };
  if (!URL.canParse(job))
    throw new UsageError(`${job} is neither a job's id (32 hex digits) nor a URL. Give one of them.`);
  const named = {
    ...(work !== undefined && { work_id: work }),
    ...(artifact !== undefined && { artifact_id: artifact }),
    ...(identity !== undefined && { identity }),
    ...(refresh !== undefined && { refresh }),
  };
  try {
    return { stack, jobId: jobIdOf({ url: job, ...named }), url: job, json };
  } catch (error) {
    if (!(error instanceof InvalidJobError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
