import { type Command, InvalidArgumentError } from "commander";
import { duration } from "../shared/job-options.ts";
import {
  type JobReference,
  jobReference,
  REFERENCE_NOTES,
  type ReferenceOptions,
  withJobReference,
} from "../shared/job-reference.ts";
import { stackOption } from "../shared/stack.ts";
import { TYPED } from "../terminal/typed.ts";

export interface OpenArguments extends JobReference {
  readonly stack: string;
  /** How long the address is valid. In ms. */
  readonly validForMs: number;
  readonly json: boolean;
}

interface Options extends ReferenceOptions {
  readonly stack: string;
  readonly for: number;
  readonly json?: boolean;
}

const HOUR_MS = 3_600_000;
/** S3 signs for no longer. */
const LONGEST_MS = 7 * 24 * HOUR_MS;

const NOTES = `
  curl -o paper.pdf "$(${TYPED} open https://example.org/paper.pdf --stack fetchonce-prod)"

Whoever has the address can read the file, under its own name, until the time has passed, or the credentials that
signed it have expired: those of a role do so within hours.

${REFERENCE_NOTES}

It reads the job's record, and changes nothing. It needs cloudformation:DescribeStacks and dynamodb:GetItem; the
address works if the caller may use s3:GetObject on the content bucket.

Exit code: 0 done, 1 failed, also if the job has no content, 2 wrong usage.`;

export function describeOpenCommand(command: Command, found: (parsed: OpenArguments) => void): void {
  withJobReference(command)
    .description("print an address from which anybody can read the file of one job for a while")
    .addOption(stackOption().makeOptionMandatory())
    .option("--for <TIME>", "how long it is valid, such as 15m or 2d; at most 7d", validity, HOUR_MS)
    .option("--json", "as JSON, for programs")
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action((job: string, { for: validForMs, json = false, stack, ...options }: Options) =>
      found({ stack, validForMs, json, ...jobReference(job, options) }),
    );
}

function validity(text: string): number {
  const ms = duration(text);
  if (ms >= 1000 && ms <= LONGEST_MS) return ms;
  throw new InvalidArgumentError("It must be from 1s to 7d: S3 accepts no other time.");
}
