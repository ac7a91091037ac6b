import type { Command } from "commander";
import {
  type JobReference,
  jobReference,
  REFERENCE_NOTES,
  type ReferenceOptions,
  withJobReference,
} from "../shared/job-reference.ts";
import { stackOption } from "../shared/stack.ts";

export interface TimelineArguments extends JobReference {
  readonly stack: string;
  readonly json: boolean;
}

interface Options extends ReferenceOptions {
  readonly stack: string;
  readonly json?: boolean;
}

const NOTES = `
${REFERENCE_NOTES}

It reads the job's record and its host's, and changes nothing. It needs cloudformation:DescribeStacks and
dynamodb:GetItem. The record has what counts; the log has each step (npm run events).

Exit code: 0 done, 1 failed, also if the table has no such job, 2 wrong usage.`;

export function describeTimelineCommand(command: Command, found: (parsed: TimelineArguments) => void): void {
  withJobReference(command)
    .description("tell the story of one job: its lease and fence, what is done, and what happens next")
    .addOption(stackOption().makeOptionMandatory())
    .option("--json", "as JSON, for programs")
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action((job: string, { json = false, stack, ...options }: Options) =>
      found({ stack, json, ...jobReference(job, options) }),
    );
}
