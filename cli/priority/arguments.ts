import type { Command } from "commander";
import { REFERENCE_NOTES } from "../shared/job-reference.ts";
import { describeSelection, type Selection } from "../shared/selection.ts";

const NOTES = `
The messages of these jobs are sent once more, to the urgent queue. It has workers of its own beside those of the work
queue, so its jobs begin at once, however long the backlog is. Whichever message of a job comes second finds it begun or
ended, and changes nothing. A job that has begun keeps its place: it is under way, or waits for its next attempt.

A job that the gate keeps off the guarded path has no record. It is sent too, and may be fetched twice.

Hosts keep their limits: a job whose host has no place waits for one as the others do. A long file is handed over to the
long lane, and waits there as the others do.

With --host, --work and ages alone, all of the table is read for jobs that are still open: those that have not begun
have no record, and are not found. Name their batch. A URL whose job has no record is sent as a producer sends it,
whether or not anybody has sent it before.

${REFERENCE_NOTES}

It needs cloudformation:DescribeStacks and sqs:SendMessage on the urgent queue; for a job, dynamodb:GetItem; for a
batch, dynamodb:GetItem, dynamodb:BatchGetItem, and s3:GetObject on the bucket of the batches; otherwise, dynamodb:Scan.

Exit code: 0 done, also if all had begun before, 1 stopped by an error (run the command again), 2 wrong usage.`;

export function describePriorityCommand(command: Command, found: (parsed: Selection) => void): void {
  command
    .description("have jobs that have not begun done before all others: one, a batch's, or a selection")
    .addHelpText("after", NOTES);
  describeSelection(command, "put first", found);
}
