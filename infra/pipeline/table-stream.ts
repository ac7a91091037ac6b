import { type FilterCriteria, StartingPosition } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { type Duration, Validations } from "aws-cdk-lib/core";
import type { HandlerFunction } from "./handler-function.ts";
import type { JobsTable } from "../data/jobs-table.ts";
import { permit } from "./permissions.ts";

export interface StreamReading {
  readonly table: JobsTable;
  /** Where Lambda reports records that it gave up: those that were retried until they expired, after 24 hours. */
  readonly deadLetters: Queue;
  /** Records that match no filter cost no invocation. */
  readonly filters: readonly ReturnType<typeof FilterCriteria.filter>[];
  /** Records in one invocation, at most. */
  readonly batchSize: number;
  /** How long Lambda may wait for a batch to fill. */
  readonly window: Duration;
  /** true: the function reports where in a batch a retry must start. false: a failed batch is retried whole. */
  readonly isPartly: boolean;
}

/** Feeds the function from the start of the table's stream. A failed batch is retried until its records expire. */
export function readStream<Variables>(reader: HandlerFunction<Variables>, reading: StreamReading): void {
  const { table, deadLetters, filters, batchSize, window, isPartly } = reading;
  // Lambda checks ListStreams when the mapping is created; it reads with the other three.
  permit(reader.role, table.streamArn, [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
  ]);
  permit(reader.role, deadLetters.queueArn, ["sqs:SendMessage"]);
  Validations.of(reader).acknowledge({
    id: "Serverless-LambdaDLQ",
    reason: "Only the stream's poller invokes it, and reports records that it gave up to a queue of its own.",
  });
  reader.function.addEventSourceMapping("Changes", {
    eventSourceArn: table.streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    filters: [...filters],
    batchSize,
    maxBatchingWindow: window,
    bisectBatchOnError: isPartly,
    reportBatchItemFailures: isPartly,
    onFailure: { bind: () => ({ destination: deadLetters.queueArn }) },
  });
}
