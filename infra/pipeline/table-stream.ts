import { type FilterCriteria, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { type Duration, Validations } from "aws-cdk-lib/core";
import type { HandlerFunction } from "./handler-function.ts";
import type { DataStack } from "../data/data-stack.ts";
import { permit } from "./permissions.ts";

export interface StreamReading {
  /**
   * Lambda reports to its `streamDeadLetters` the records that it gave up: those that were retried until they expired,
   * after 24 hours.
   */
  readonly data: DataStack;
  /** Records that do not match it cost no invocation. */
  readonly filter: ReturnType<typeof FilterCriteria.filter>;
  /** Records in one invocation, at most. */
  readonly batchSize: number;
  /** How long Lambda may wait for a batch to fill. */
  readonly window: Duration;
  /** true: the function reports where in a batch a retry must start. false: a failed batch is retried whole. */
  readonly isPartly: boolean;
}

/** Feeds the function from the start of the table's stream. A failed batch is retried until its records expire. */
export function readStream<Variables>(reader: HandlerFunction<Variables>, reading: StreamReading): void {
  const { filter, batchSize, window, isPartly } = reading;
  const { table, streamDeadLetters } = reading.data;
  // Lambda checks ListStreams when the mapping is created; it reads with the other three.
  permit(reader.role, table.streamArn, [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
  ]);
  permit(reader.role, streamDeadLetters.queueArn, ["sqs:SendMessage"]);
  Validations.of(reader).acknowledge({
    id: "Serverless-LambdaDLQ",
    reason: "Only the stream's poller invokes it, and reports records that it gave up to a queue of its own.",
  });
  reader.function.addEventSourceMapping("Changes", {
    eventSourceArn: table.streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    filters: [filter],
    batchSize,
    maxBatchingWindow: window,
    bisectBatchOnError: isPartly,
    reportBatchItemFailures: isPartly,
    onFailure: { bind: () => ({ destination: streamDeadLetters.queueArn }) },
  });
}
