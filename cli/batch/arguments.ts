import type { Command } from "commander";
import { CANCEL_NOTES } from "../cancel/arguments.ts";
import { batchId } from "../shared/job-options.ts";
import { stackOption } from "../shared/stack.ts";
import { TYPED } from "../terminal/typed.ts";

interface Placed {
  readonly stack: string;
  readonly json?: true;
}

interface Named extends Placed {
  readonly id: string;
}

export type BatchArguments =
  | ({ readonly command: "list" } & Placed)
  | ({ readonly command: "status" } & Named)
  | ({ readonly command: "cancel" } & Named)
  | ({ readonly command: "retry" } & Named);

const STATUS_NOTES = `
A batch waits for its jobs, then reports on them, and has ended. Its counts are made from the jobs' records, so they are
exact whatever has crashed, and reading them costs a read unit for each line. A line has not begun while its job has no
record, which is also so if the job runs without one because the gate is closed.

It needs cloudformation:DescribeStacks, dynamodb:GetItem, dynamodb:BatchGetItem, s3:ListBucket on the bucket of the
batches, and s3:GetObject on its batches/*.

Exit code: 0 done, 1 failed, also if there is no such batch, 2 wrong usage.`;

const RETRY_NOTES = `
Failed jobs get a new retry budget, as by ${TYPED} redrive failed --batch ID. The batch then begins anew: when all of its
jobs have ended, there is a further report, and the batch's end is announced again, under the next revision.

It needs what status needs, dynamodb:UpdateItem, and sqs:SendMessage on the work queue.

Exit code: 0 done, 1 stopped by an error (nothing is lost: run the command again), 2 wrong usage.`;

const CANCEL_BATCH_NOTES = `
${CANCEL_NOTES}

The batch ends when all of its jobs have: with a report, and its end is announced. A part of a batch, and a dry run:
${TYPED} cancel --batch ID --host HOST --dry-run. Its help says what it needs.

Exit code: 0 done, 1 stopped by an error (run the command again), 2 wrong usage.`;

const placed = (command: Command): Command =>
  command
    .addOption(stackOption().makeOptionMandatory())
    .option("--json", "as JSON lines, for programs")
    .allowExcessArguments(false);

export function describeBatchCommand(program: Command, found: (parsed: BatchArguments) => void): void {
  program.description(
    "follow the lists that were submitted to a deployed system, cancel them, and retry what failed of them",
  );
  placed(program.command("list"))
    .description("list the batches, newest first")
    .action((options: Placed) => found({ command: "list", ...options }));
  placed(program.command("status"))
    .argument("<ID>", "the batch's id, as submit prints it", batchId)
    .description("say how far a batch is: counts by state, rate, time left, why jobs failed, where the report is")
    .addHelpText("after", STATUS_NOTES)
    .action((id: string, options: Placed) => found({ command: "status", id, ...options }));
  placed(program.command("cancel"))
    .argument("<ID>", "the batch's id, as submit prints it", batchId)
    .description("end all jobs of a batch that are still open, whether they have begun or not")
    .addHelpText("after", CANCEL_BATCH_NOTES)
    .action((id: string, options: Placed) => found({ command: "cancel", id, ...options }));
  placed(program.command("retry"))
    .argument("<ID>", "the batch's id, as submit prints it", batchId)
    .description("reopen the failed jobs of a batch, and follow it anew")
    .addHelpText("after", RETRY_NOTES)
    .action((id: string, options: Placed) => found({ command: "retry", id, ...options }));
}
