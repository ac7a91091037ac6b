import type { createClients } from "../../adapters/aws/clients.ts";
import { sqsDeadLetterQueue } from "../../adapters/aws/dead-letters.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { scannedJobs } from "../../adapters/aws/operators/scanned-jobs.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { sqsSender } from "../../adapters/aws/sqs.ts";
import { hostOf } from "../../core/model/message.ts";
import { CANCELLED } from "../../core/model/recovery-protocol.ts";
import { decodeJob } from "../../core/model/record-codec.ts";
import type { JobPages } from "../../core/ports/items.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { Item } from "../../core/model/write.ts";
import { redriveDeadLetters } from "../../core/recovery/redrive-dead-letters.ts";
import { redriveFailed } from "../../core/recovery/redrive-failed.ts";
import { type BatchJobsDeps, jobsOfBatch } from "../shared/batches.ts";
import type { AddressesOf } from "../shared/stack.ts";
import { type Lines, printerOf } from "../shared/lines.ts";
import { toldEvents } from "../shared/told-events.ts";
import { plural } from "../shared/words.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { DeadLettersArguments, FailedArguments, RedriveArguments } from "./arguments.ts";

export interface RedriveDeps extends BatchJobsDeps {
  readonly clock: Clock;
  readonly connect: () => Pick<ReturnType<typeof createClients>, "dynamodb" | "sqs">;
}

/** How late a message may be before the reconciler sends another one. The value of all deployed environments. */
const REQUEUE_GRACE_MS = 300_000;
const SHOWN_BODY = 200;

export async function redrive(args: RedriveArguments, lines: Lines, deps: RedriveDeps): Promise<void> {
  try {
    if (args.command === "failed") await reopenSelected(args, lines, deps, await pagesOfBatch(args, deps));
    else await sendDeadLetters(args, lines, deps);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new Error(`Stopped: ${String(error)}\nNothing is lost. Fix the cause and run the same command again.`, {
      cause: error,
    });
  }
}

async function pagesOfBatch(args: FailedArguments, deps: RedriveDeps): Promise<JobPages | undefined> {
  const { batch, work } = args;
  if (batch === undefined || !("stack" in args)) return undefined;
  const isOfWork = (item: Item): boolean => work === undefined || item["work_id"] === work;
  return jobsOfBatch(deps, args.stack, batch, (item) => item["state"] === "FAILED" && isOfWork(item));
}

/** @param pages the jobs to choose from. Undefined: all of the table. */
export async function reopenSelected(
  args: FailedArguments,
  { print, tell }: Lines,
  deps: RedriveDeps,
  pages?: JobPages,
): Promise<void> {
  const { clock } = deps;
  const { queueUrl, table } = "stack" in args ? await deps.addressesOf(args.stack) : args;
  const { dynamodb, sqs } = deps.connect();
  const {
    class: failureClass,
    host,
    reason,
    work: workId,
    olderThan,
    newerThan,
    limit,
    dryRun: isDryRun = false,
  } = args;
  const nowMs = clock.nowMs();
  const before = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : nowMs - ms);
  const counts = { reopened: 0, changed: 0, selected: 0 };
  const printed = printerOf(args.json === true, print);
  const report = await redriveFailed(
    {
      clock,
      random: systemRandom,
      items: dynamoItems(dynamodb, table),
      failedJobs: ofHost(host, pages ?? scannedJobs(dynamodb, table, { states: ["FAILED"], workId })),
      queue: sqsSender(sqs, queueUrl),
      telemetry: toldEvents(tell, clock),
      settings: { requeueGraceMs: REQUEUE_GRACE_MS },
    },
    {
      selection: {
        failureClass,
        reason,
        failedBeforeMs: before(olderThan),
        failedAfterMs: before(newerThan),
        // Who has cancelled jobs does not want them back with the others.
        alsoCancelled: reason === CANCELLED.reason,
      },
      limit,
      isDryRun,
      onJob: (job, outcome) => {
        counts[outcome] += 1;
        printed(
          [`${outcome.padEnd(8)}  ${job.jobId}  ${job.failureClass ?? ""}  ${job.reason ?? ""}  ${job.url}`],
          "job",
          {
            outcome,
            job_id: job.jobId,
            failure_class: job.failureClass ?? null,
            reason: job.reason ?? null,
            url: job.url,
          },
        );
      },
    },
  );
  const { isComplete, readUnits, scanned } = report;
  const done = isDryRun
    ? `${plural(counts.selected, "job")} would be reopened. Nothing was changed.`
    : `${plural(counts.reopened, "job")} reopened.`;
  const left = `${plural(counts.changed, "job")} left alone: reopened by somebody else meanwhile, or expired.`;
  const more = `The limit of ${limit} is reached, but there are more jobs. Run the same command again.`;
  printed(
    [
      done,
      ...(counts.changed > 0 ? [left] : []),
      ...(isComplete ? [] : [more]),
      `Scanned ${plural(scanned, "item")} for ${plural(readUnits, "read unit")}.`,
    ],
    "summary",
    { ...counts, is_complete: isComplete, scanned, read_units: readUnits },
  );
}

/** Pages with the jobs of one host alone; of all hosts if it is undefined. */
const ofHost = (host: string | undefined, pages: JobPages): JobPages => ({
  async page(from) {
    const page = await pages.page(from);
    if (host === undefined) return page;
    return { ...page, items: page.items.filter((item) => hostOf(decodeJob(item).url) === host) };
  },
});

async function sendDeadLetters(args: DeadLettersArguments, { print }: Lines, deps: RedriveDeps): Promise<void> {
  const { dryRun: isDryRun = false } = args;
  const { from, to } = "stack" in args ? queuesOf(await deps.addressesOf(args.stack)) : args;
  const { sqs } = deps.connect();
  const counts = { sent: 0, kept: 0, selected: 0 };
  const printed = printerOf(args.json === true, print);
  await redriveDeadLetters(
    { deadLetters: sqsDeadLetterQueue(sqs, from), queue: sqsSender(sqs, to) },
    {
      isDryRun,
      onLetter: ({ id, body, reason }, outcome) => {
        const problem = typeof outcome === "object" ? outcome.problem : undefined;
        const word = typeof outcome === "object" ? "kept" : outcome;
        counts[word] += 1;
        const told = reason === undefined ? "" : `, reason: ${reason}`;
        const why = problem === undefined ? told : `, not a valid message: ${problem}`;
        const shown = problem === undefined ? [] : [`      ${body.slice(0, SHOWN_BODY)}`];
        printed([`${word}  ${id}${why}`, ...shown], "dead_letter", {
          outcome: word,
          message_id: id,
          problem: problem ?? null,
          reason: reason ?? null,
          body,
        });
      },
    },
  );
  const done = isDryRun ? "would be sent again. Nothing was changed." : "sent again.";
  const kept = `${plural(counts.kept, "message")} left in the dead-letter queue. Fix the producer and have it send valid messages.`;
  printed(
    [`${plural(counts.sent + counts.selected, "message")} ${done}`, ...(counts.kept > 0 ? [kept] : [])],
    "summary",
    counts,
  );
}

const queuesOf = ({ deadLetterQueueUrl: from, queueUrl: to }: Awaited<ReturnType<AddressesOf>>) => ({ from, to });
