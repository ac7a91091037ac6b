import { type FilterCriteria, StartingPosition } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { type Duration, Validations } from "aws-cdk-lib/core";
import type { HandlerFunction } from "./handler-function.ts";
import type { JobsTable } from "../data/jobs-table.ts";
import { permit } from "./permissions.ts";

export interface StreamReading {
  readonly table: JobsTable;
  /** Where Lambda says which records it gave up: those that the stream forgot, after a day of trying. */
  readonly deadLetters: Queue;
  /** What is filtered out costs no invocation. */
  readonly filters: readonly ReturnType<typeof FilterCriteria.filter>[];
  readonly batchSize: number;
  readonly window: Duration;
  /** The function says from where a batch is to come again; otherwise it comes again whole. */
  readonly isPartly: boolean;
}

/** Feeds the function from the table's stream: from its beginning, and any batch again for as long as the stream has it. */
export function readStream<Variables>(reader: HandlerFunction<Variables>, reading: StreamReading): void {
  const { table, deadLetters, filters, batchSize, window, isPartly } = reading;
  // Lambda's own check at deployment names ListStreams; it reads by the others.
  permit(reader.role, table.streamArn, [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
  ]);
  permit(reader.role, deadLetters.queueArn, ["sqs:SendMessage"]);
  Validations.of(reader).acknowledge({
    id: "Serverless-LambdaDLQ",
    reason: "Invoked by the stream's poller alone, which says in a queue of its own what it gave up.",
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
