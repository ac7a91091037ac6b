import { FilterCriteria, FilterRule } from "aws-cdk-lib/aws-lambda";
import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { ARCHIVE_PREFIX } from "../../core/stream/archive.ts";
import { jobItemKey } from "../../core/model/keys.ts";
import type { ArchiverEnv } from "../../lambdas/archiver/env.ts";
import type { DataStack } from "../data/data-stack.ts";
import type { Environment, EnvironmentName } from "../environments/environments.ts";
import { HandlerFunction } from "./handler-function.ts";
import { permitObjects } from "./permissions.ts";
import type { PrivateBucket } from "../data/private-bucket.ts";
import { readStream } from "./table-stream.ts";

export interface ArchiverProps {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  readonly data: DataStack;
  readonly archive: PrivateBucket;
}

/** Job records that DynamoDB removed by itself. The function looks again. */
const EXPIRED_JOBS = FilterCriteria.filter({
  userIdentity: { principalId: ["dynamodb.amazonaws.com"] },
  dynamodb: { Keys: { pk: { S: FilterRule.beginsWith(jobItemKey("")) } } },
});

/** Puts the records of finished jobs, once their time is over, into the archive. */
export class Archiver extends HandlerFunction<ArchiverEnv> {
  constructor(scope: Construct, id: string, { name, environment, data, archive }: ArchiverProps) {
    super(scope, id, {
      lambda: "archiver",
      description: "Archives job records whose time is over.",
      timeoutMs: 60_000,
      memorySize: 512,
      logRetention: environment.logRetention,
      environment: {
        ENVIRONMENT_NAME: name,
        ARCHIVE_BUCKET: archive.bucketName,
        DEAD_LETTER_QUEUE_URL: data.streamDeadLetters.queueUrl,
      },
    });
    readStream(this, {
      table: data.table,
      deadLetters: data.streamDeadLetters,
      filters: [EXPIRED_JOBS],
      // Few, large objects; nobody waits for them. A record is about 3 KB as JSON, and a batch 6 MB at most.
      batchSize: 1000,
      window: Duration.minutes(5),
      // Parts of a batch would be objects of their own.
      isPartly: false,
    });
    permitObjects(this.role, archive, `${ARCHIVE_PREFIX}*`, ["s3:PutObject"]);
  }
}
