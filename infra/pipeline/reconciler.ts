import type { Construct } from "constructs";
import { stagingKey } from "../../core/model/keys.ts";
import type { ReconcilerEnv } from "../../lambdas/reconciler/env.ts";
import type { DataStack } from "../data/data-stack.ts";
import type { Environment, EnvironmentName } from "../environments/environments.ts";
import { MinuteFunction } from "./minute-function.ts";
import { permit, permitObjects } from "./permissions.ts";

export interface ReconcilerProps {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  readonly data: DataStack;
}

/** Recovers jobs of crashed workers and removes what they left in staging. Every minute, one run at a time. */
export class Reconciler extends MinuteFunction<ReconcilerEnv> {
  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    const { name, environment } = props;
    const { table, work, staging } = props.data;
    super(scope, id, {
      lambda: "reconciler",
      description: "Recovers expired leases and removes staging litter.",
      timeoutMs: 55_000,
      memorySize: 512,
      logRetention: environment.logRetention,
      nextTickDoesIt: "the next one does the same work, and an alarm fires if the ticks stop.",
      environment: {
        ENVIRONMENT_NAME: name,
        TABLE_NAME: table.tableName,
        QUEUE_URL: work.queue.queueUrl,
        DEAD_LETTER_QUEUE_URL: work.deadLetters.queueUrl,
        STAGING_BUCKET: staging.bucketName,
        REQUEUE_GRACE_MS: String(environment.requeueGraceMs),
        RECOVER_LIMIT: String(environment.recoverLimit),
        SWEEP_LIMIT: String(environment.sweepLimit),
        ORPHAN_AGE_MS: String(environment.orphanAgeMs),
      },
    });

    permit(this.role, table.tableArn, ["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:BatchGetItem"]);
    permit(this.role, table.watchIndexArn, ["dynamodb:Query"]);
    permit(this.role, work.queue.queueArn, ["sqs:SendMessage"]);
    permit(this.role, staging.bucketArn, ["s3:ListBucket", "s3:ListBucketMultipartUploads"]);
    permitObjects(this.role, staging, stagingKey("*", "*"), ["s3:DeleteObject", "s3:AbortMultipartUpload"]);
  }
}
