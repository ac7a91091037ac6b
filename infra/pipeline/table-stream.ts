import { type FilterCriteria, StartingPosition } from "aws-cdk-lib/aws-lambda";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { type Duration, Validations } from "aws-cdk-lib/core";
import type { HandlerFunction } from "./handler-function.ts";
import type { Data } from "../data/data.ts";
import { permit, permitObjects } from "./permissions.ts";

export interface StreamReading {
  /** Has the stream, and the queue for records that the function sets aside. */
  readonly data: Data;
  /** Records that match none of them cost no invocation. */
  readonly filters: readonly ReturnType<typeof FilterCriteria.filter>[];
  /** Records in one invocation, at most. */
  readonly batchSize: number;
  /** How long Lambda may wait for a batch to fill. */
  readonly window: Duration;
  /** true: the function reports where in a batch a retry must start. false: a failed batch is retried whole. */
  readonly isPartly: boolean;
  /**
   * What Lambda does with a batch that still fails. Undefined: it tries again until the stream has forgotten the
   * records, after 24 hours, and then reports to `data.streamDeadLetters` which they were.
   */
  readonly givesUp?: GivingUp;
}

interface GivingUp {
  /** Age of the oldest record at which Lambda gives the batch up. */
  readonly afterAge: Duration;
  /** The bucket that gets the batch with its records. */
  readonly bucket: Bucket;
}

/** Where in a bucket Lambda stores the batches that it gave up. It cannot be changed. */
const GIVEN_UP_PREFIX = "aws/lambda/";

/** Feeds the function from the start of the table's stream. A failed batch is retried until its records are too old. */
export function readStream<Variables>(reader: HandlerFunction<Variables>, reading: StreamReading): void {
  const { filters, batchSize, window, isPartly, givesUp } = reading;
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
    reason: "Only the stream's poller invokes it, and puts what it gave up into a queue or bucket of its own.",
  });
  if (givesUp) {
    permitObjects(reader.role, givesUp.bucket, `${GIVEN_UP_PREFIX}*`, ["s3:PutObject"]);
    // According to its manual, Lambda needs it to use a bucket as a destination.
    permit(reader.role, givesUp.bucket.bucketArn, ["s3:ListBucket"]);
  }
  reader.function.addEventSourceMapping("Changes", {
    eventSourceArn: table.streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    filters: [...filters],
    batchSize,
    maxBatchingWindow: window,
    bisectBatchOnError: isPartly,
    reportBatchItemFailures: isPartly,
    // The CDK's own destinations would grant more than Lambda needs.
    onFailure: { bind: () => ({ destination: givesUp?.bucket.bucketArn ?? streamDeadLetters.queueArn }) },
    ...(givesUp && { maxRecordAge: givesUp.afterAge }),
  });
}
