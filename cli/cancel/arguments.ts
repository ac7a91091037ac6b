import { type Command, Option } from "commander";
import { batchId, checkAges, duration, hostOf } from "../shared/job-options.ts";
import {
  type JobReference,
  jobReference,
  REFERENCE_NOTES,
  type ReferenceOptions,
  withOptionalJob,
} from "../shared/job-reference.ts";
import { stackOption } from "../shared/stack.ts";
import { TYPED } from "../terminal/typed.ts";
import { UsageError } from "../terminal/usage-error.ts";

interface Placed {
  readonly stack: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Which of many jobs. */
export interface Chosen {
  /** As in a URL: in lower case, with its port unless it is the usual one. */
  readonly host?: string;
  readonly work?: string;
}

/** Times since the job was planned, in ms. */
interface Ages {
  readonly olderThan?: number;
  readonly newerThan?: number;
}

export type CancelArguments = Placed &
  (
    | { readonly of: "job"; readonly job: JobReference }
    | ({ readonly of: "batch"; readonly batch: string } & Chosen)
    | ({ readonly of: "table" } & Chosen & Ages)
  );

/** For the help texts of commands that cancel. */
export const CANCEL_NOTES = `A cancelled job is FAILED, of the reason cancelled, and is announced as other failures are. Whoever holds it sends no
further request five seconds later, and what it has staged is removed. Its message, and any further one, changes
nothing: ${TYPED} redrive failed --reason cancelled brings it back. A job of several batches is cancelled in all of them.
A job that the gate keeps off the guarded path has no record, and is not cancelled while it is under way.`;

const NOTES = `
${CANCEL_NOTES}

A job or a batch is cancelled whether it has begun or not. With --host, --work and ages alone, all of the table is read
for jobs that are still open: those that have not begun have no record, and are not found.

${REFERENCE_NOTES}

It needs cloudformation:DescribeStacks and dynamodb:UpdateItem; for a job, dynamodb:GetItem; for a batch,
dynamodb:GetItem, dynamodb:BatchGetItem, and s3:GetObject on the bucket of the batches; otherwise, dynamodb:Scan.

Exit code: 0 done, also if all had ended before, 1 stopped by an error (run the command again), 2 wrong usage.`;

type Options = Omit<Placed, "of"> & Chosen & Ages & ReferenceOptions & { readonly batch?: string };

export function describeCancelCommand(command: Command, found: (parsed: CancelArguments) => void): void {
  withOptionalJob(command, "or only jobs of this work_id, if none is given")
    .description("end jobs of a deployed system that are still open: one, a batch's, or a selection")
    .addOption(stackOption().makeOptionMandatory())
    .addOption(new Option("--batch <ID>", "the jobs of this batch, as submit prints its id").argParser(batchId))
    .option("--host <HOST>", "only jobs whose URL has this host", hostOf)
    .option("--older-than <TIME>", "only jobs that were planned longer ago than this, such as 90m or 7d", duration)
    .option("--newer-than <TIME>", "only jobs that were planned within this time", duration)
    .option("--dry-run", "only list them; change nothing")
    .option("--json", "as JSON lines, for programs")
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action((job: string | undefined, options: Options) => {
      checkAges(options);
      found(chosen(job, options));
    });
}

/** @throws UsageError if nothing is chosen, or several things that do not go together. */
function chosen(job: string | undefined, options: Options): CancelArguments {
  const { artifact, batch, dryRun, host, identity, json, newerThan, olderThan, refresh, stack, work } = options;
  const placed = { stack, ...(dryRun && { dryRun }), ...(json && { json }) };
  const ages = { ...(olderThan !== undefined && { olderThan }), ...(newerThan !== undefined && { newerThan }) };
  const some = { ...(host !== undefined && { host }), ...(work !== undefined && { work }) };
  const isAged = Object.keys(ages).length > 0;
  if (job !== undefined) {
    if (batch !== undefined || host !== undefined || isAged)
      throw new UsageError("Name a job, or give --batch, --host or an age. Together they have no meaning.");
    return { ...placed, of: "job", job: jobReference(job, options) };
  }
  if ((artifact ?? identity ?? refresh) !== undefined)
    throw new UsageError("--artifact, --identity and --refresh name a job together with its URL. Give the URL too.");
  if (batch !== undefined) {
    if (isAged)
      throw new UsageError("--batch knows no ages: jobs that have not begun have none. Leave one of them out.");
    return { ...placed, of: "batch", batch, ...some };
  }
  if (!isAged && Object.keys(some).length === 0)
    throw new UsageError(
      "Say what to cancel: a job's id or URL, --batch, --host, --work, --older-than or --newer-than.",
    );
  return { ...placed, of: "table", ...some, ...ages };
}
