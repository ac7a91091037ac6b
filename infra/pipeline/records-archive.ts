import { FilterCriteria } from "aws-cdk-lib/aws-lambda";
import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { ARCHIVE_PREFIX } from "../../core/stream/archive.ts";
import type { ArchiverEnv } from "../../lambdas/archiver/env.ts";
import { type Deployment, HandlerFunction } from "./handler-function.ts";
import { permitObjects } from "./permissions.ts";
import { readStream } from "./table-stream.ts";

/**
 * Matches what DynamoDB's TTL removed. Not only jobs, which the function picks: an alarm compares how much expired with
 * whether the function was started.
 */
const EXPIRED = FilterCriteria.filter({ userIdentity: { principalId: ["dynamodb.amazonaws.com"] } });

/** Stores the records of finished jobs in the archive after their TTL has removed them from the table. */
export class Archiver extends HandlerFunction<ArchiverEnv> {
  constructor(scope: Construct, id: string, deployment: Deployment) {
    const { data } = deployment;
    super(scope, id, {
      deployment,
      lambda: "archiver",
      description: "Archives expired job records.",
      timeoutMs: 60_000,
      memorySize: 512,
      variables: {
        ARCHIVE_BUCKET: data.archive.bucketName,
        DEAD_LETTER_QUEUE_URL: data.streamDeadLetters.queueUrl,
      },
    });
    readStream(this, {
      data,
      filters: [EXPIRED],
      // Large batches make few, large objects, and nobody waits for them. A record is about 3 KB of JSON, and Lambda
      // accepts at most 6 MB for a batch.
      batchSize: 1000,
      window: Duration.minutes(5),
      // A retried batch must keep its bounds to overwrite the same object. A partial one would become another object.
      isPartly: false,
      // An hour before the stream forgets the records, so that the batches behind this one are still in it.
      givesUp: { afterAge: Duration.hours(23), bucket: data.archive },
    });
    permitObjects(this.role, data.archive, `${ARCHIVE_PREFIX}*`, ["s3:PutObject"]);
  }
}
