import { type Command, Option } from "commander";
import { FAILURE_CLASSES, type FailureClass } from "../../core/model/record.ts";
import { JOB_STATES, type JobState } from "../../core/model/states.ts";
import { batchId, checkAges, duration, hostOf } from "../shared/job-options.ts";
import { stackOption } from "../shared/stack.ts";
import { wholeNumber } from "../terminal/parse-command.ts";
import { TYPED } from "../terminal/typed.ts";

export interface JobsArguments {
  readonly stack: string;
  readonly state?: JobState;
  /** As in a URL: in lower case, with its port unless it is the usual one. */
  readonly host?: string;
  readonly reason?: string;
  readonly class?: FailureClass;
  readonly work?: string;
  readonly batch?: string;
  /** Times since the job failed, or since it was planned if it did not, in ms. */
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly limit: number;
  readonly json?: true;
}

const DEFAULT_LIMIT = 100;

const NOTES = `
Each line has the job's state, what becomes of it at the moment, its age, its id, the reason of its failure or of its
last attempt's end, and its URL. What becomes of it is one of
  stored, failed  it has ended
  held            a worker holds it
  expired         its holder's lease has ended, and nobody has taken it away yet
  parked          it waits without a message, and the reconciler sends one in time
  delayed         it waits, and so does its message in the queue
  available       it may be taken now
The story of one: ${TYPED} timeline.

It reads the whole table, unless the limit is reached before, and says at its end what that cost: a read unit for 8 KB,
whatever is selected. With --batch it reads that batch's jobs alone, for a unit each. It needs
cloudformation:DescribeStacks and dynamodb:Scan; with --batch, dynamodb:BatchGetItem, and s3:GetObject on the bucket
of the batches.

Exit code: 0 done, also if no job is found, 1 failed, 2 wrong usage.`;

export function describeJobsCommand(command: Command, found: (parsed: JobsArguments) => void): void {
  command
    .description("list the jobs of a deployed system, by state, host, reason, work, batch or age")
    .addOption(stackOption().makeOptionMandatory())
    .addOption(new Option("--state <STATE>", "only jobs in this state").choices(JOB_STATES))
    .option("--host <HOST>", "only jobs whose URL has this host", hostOf)
    .option("--reason <TEXT>", "only jobs whose reason contains this text")
    .addOption(new Option("--class <CLASS>", "only failures of this class").choices(FAILURE_CLASSES))
    .option("--work <ID>", "only jobs of this work_id")
    .option("--batch <ID>", "only jobs of this batch, as submit prints its id", batchId)
    .option(
      "--older-than <TIME>",
      "only jobs that failed, or else were planned, longer ago, such as 90m or 7d",
      duration,
    )
    .option("--newer-than <TIME>", "only jobs that failed, or else were planned, within this time", duration)
    .option("--limit <N>", "maximum number of jobs", wholeNumber(1, Infinity, "a whole number above 0"), DEFAULT_LIMIT)
    .option("--json", "as JSON lines, for programs")
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action((options: JobsArguments) => {
      checkAges(options);
      found(options);
    });
}
