import type { Command } from "commander";
import { REFERENCE_NOTES } from "../shared/job-reference.ts";
import { describeSelection, type Selection } from "../shared/selection.ts";
import { TYPED } from "../terminal/typed.ts";

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

export function describeCancelCommand(command: Command, found: (parsed: Selection) => void): void {
  command
    .description("end jobs of a deployed system that are still open: one, a batch's, or a selection")
    .addHelpText("after", NOTES);
  describeSelection(command, "cancel", found);
}
