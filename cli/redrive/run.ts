import type { Writable } from "node:stream";
import type { createClients } from "../../adapters/aws/clients.ts";
import { sqsDeadLetterQueue } from "../../adapters/aws/dead-letters.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { scannedFailedJobs } from "../../adapters/aws/failed-jobs.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { sqsSender } from "../../adapters/aws/sqs.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { Telemetry } from "../../core/ports/telemetry.ts";
import { redriveDeadLetters } from "../../core/recovery/redrive-dead-letters.ts";
import { redriveFailed } from "../../core/recovery/redrive-failed.ts";
import { EXIT } from "../terminal/exit.ts";
import type { AddressesOf } from "../shared/stack.ts";
import { plural } from "../shared/words.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { parseRedrive, type DeadLettersArguments, type FailedArguments } from "./arguments.ts";

export interface Surroundings {
  readonly stdout: Writable;
  /** Receives telemetry too, one event on each line. */
  readonly stderr: Writable;
  readonly clock: Clock;
  readonly addressesOf: AddressesOf;
  readonly connect: () => Pick<ReturnType<typeof createClients>, "dynamodb" | "sqs">;
}

/** How late a message may be before the reconciler sends another one. The value of all deployed environments. */
const REQUEUE_GRACE_MS = 300_000;
const SHOWN_BODY = 200;

/** @returns the exit code. */
export async function redrive(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings;
  try {
    const parsed = parseRedrive(argv);
    if (typeof parsed === "string") stdout.write(`${parsed}\n`);
    else if (parsed.command === "failed") await reopenFailed(parsed, surroundings);
    else await sendDeadLetters(parsed, surroundings);
    return EXIT.done;
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.write(`${error.message}\n`);
      return EXIT.wrongUsage;
    }
    stderr.write(`Stopped: ${String(error)}\nNothing is lost. Fix the cause and run the same command again.\n`);
    return EXIT.failed;
  }
}

async function reopenFailed(args: FailedArguments, surroundings: Surroundings): Promise<void> {
  const { addressesOf, clock, connect, stderr, stdout } = surroundings;
  const { queueUrl, table } = "stack" in args ? await addressesOf(args.stack) : args;
  const { dynamodb, sqs } = connect();
  const { class: failureClass, reason, olderThan, newerThan, limit, dryRun: isDryRun = false } = args;
  const nowMs = clock.nowMs();
  const before = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : nowMs - ms);
  const counts = { reopened: 0, changed: 0, selected: 0 };
  const report = await redriveFailed(
    {
      clock,
      random: systemRandom,
      items: dynamoItems(dynamodb, table),
      failedJobs: scannedFailedJobs(dynamodb, table),
      queue: sqsSender(sqs, queueUrl),
      telemetry: telemetryTo(stderr, clock),
      settings: { requeueGraceMs: REQUEUE_GRACE_MS },
    },
    {
      selection: { failureClass, reason, failedBeforeMs: before(olderThan), failedAfterMs: before(newerThan) },
      limit,
      isDryRun,
      onJob: (job, outcome) => {
        counts[outcome] += 1;
        stdout.write(
          `${outcome.padEnd(8)}  ${job.jobId}  ${job.failureClass ?? ""}  ${job.reason ?? ""}  ${job.url}\n`,
        );
      },
    },
  );
  const done = isDryRun
    ? `${plural(counts.selected, "job")} would be reopened. Nothing was changed.`
    : `${plural(counts.reopened, "job")} reopened.`;
  stdout.write(`${done}\n`);
  if (counts.changed > 0)
    stdout.write(`${plural(counts.changed, "job")} left alone: reopened by somebody else meanwhile, or expired.\n`);
  if (!report.isComplete)
    stdout.write(`The limit of ${limit} is reached, but there are more jobs. Run the same command again.\n`);
  stdout.write(`Scanned ${plural(report.scanned, "item")} for ${plural(report.readUnits, "read unit")}.\n`);
}

async function sendDeadLetters(args: DeadLettersArguments, surroundings: Surroundings): Promise<void> {
  const { addressesOf, connect, stdout } = surroundings;
  const { dryRun: isDryRun = false } = args;
  const { from, to } = "stack" in args ? queuesOf(await addressesOf(args.stack)) : args;
  const { sqs } = connect();
  let [sent, kept] = [0, 0];
  await redriveDeadLetters(
    { deadLetters: sqsDeadLetterQueue(sqs, from), queue: sqsSender(sqs, to) },
    {
      isDryRun,
      onLetter: ({ id, body, reason }, outcome) => {
        const isKept = typeof outcome === "object";
        if (isKept) kept += 1;
        else sent += 1;
        const why = isKept
          ? `, not a valid message: ${outcome.problem}`
          : reason === undefined
            ? ""
            : `, reason: ${reason}`;
        stdout.write(`${isKept ? "kept" : outcome}  ${id}${why}\n`);
        if (isKept) stdout.write(`      ${body.slice(0, SHOWN_BODY)}\n`);
      },
    },
  );
  const done = isDryRun ? "would be sent again. Nothing was changed." : "sent again.";
  stdout.write(`${plural(sent, "message")} ${done}\n`);
  if (kept > 0)
    stdout.write(
      `${plural(kept, "message")} left in the dead-letter queue. Fix the producer and have it send valid messages.\n`,
    );
}

const queuesOf = ({ deadLetterQueueUrl: from, queueUrl: to }: Awaited<ReturnType<AddressesOf>>) => ({ from, to });

const telemetryTo = (stderr: Writable, clock: Clock): Telemetry => ({
  emit: ({ event, ...fields }) => {
    stderr.write(`${JSON.stringify({ event, timestamp: new Date(clock.nowMs()).toISOString(), ...fields })}\n`);
  },
  log: () => undefined,
  flush: () => undefined,
  invocationStarted: () => undefined,
});
