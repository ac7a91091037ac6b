import type { Construct } from "constructs";
import { watchIndexArnOf } from "../data/jobs-table.ts";
import { stagingKey } from "../../core/model/keys.ts";
import type { ReconcilerEnv } from "../../lambdas/reconciler/env.ts";
import type { Deployment } from "./handler-function.ts";
import { MinuteFunction } from "./minute-function.ts";
import { permit, permitObjects } from "./permissions.ts";

/** Recovers jobs of crashed workers and removes what they left in staging. Runs every minute. */
export class Reconciler extends MinuteFunction<ReconcilerEnv> {
  constructor(scope: Construct, id: string, deployment: Deployment) {
    const { environment } = deployment;
    const { table, work, staging } = deployment.data;
    super(scope, id, {
      deployment,
      lambda: "reconciler",
      description: "Recovers expired leases and removes staging litter.",
      timeoutMs: 55_000,
      // To read 64 shards of 5,001 entries took 366 MB. The share of a processor follows the memory.
      memorySize: 1024,
      nextTickDoesIt: "the next one does the same work, and an alarm fires if the ticks stop.",
      variables: {
        TABLE_NAME: table.tableName,
        QUEUE_URL: work.queue.queueUrl,
        LONG_QUEUE_URL: work.longQueue.queueUrl,
        DEAD_LETTER_QUEUE_URL: work.deadLetters.queueUrl,
        STAGING_BUCKET: staging.bucketName,
        REQUEUE_GRACE_MS: String(environment.requeueGraceMs),
        UNWATCHED_FOR_MS: String(environment.unwatchedForMs),
        RECOVER_LIMIT: String(environment.recoverLimit),
        SWEEP_LIMIT: String(environment.sweepLimit),
        ORPHAN_AGE_MS: String(environment.orphanAgeMs),
      },
    });

    permit(this.role, table.tableArn, ["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:BatchGetItem"]);
    permit(this.role, watchIndexArnOf(table), ["dynamodb:Query"]);
    for (const queue of [work.queue, work.longQueue]) permit(this.role, queue.queueArn, ["sqs:SendMessage"]);
    permit(this.role, staging.bucketArn, ["s3:ListBucket", "s3:ListBucketMultipartUploads"]);
    permitObjects(this.role, staging, stagingKey("*", "*"), ["s3:DeleteObject", "s3:AbortMultipartUpload"]);
  }
}
