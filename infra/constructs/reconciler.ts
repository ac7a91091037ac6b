import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Duration, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { stagingKey } from "../../core/keys.ts";
import type { ReconcilerEnv } from "../../lambdas/reconciler/env.ts";
import type { DataStack } from "../data-stack.ts";
import type { Environment, EnvironmentName } from "../environments.ts";
import { HandlerFunction } from "./handler-function.ts";
import { permit, permitObjects } from "./permissions.ts";

export interface ReconcilerProps {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  readonly data: DataStack;
}

const INTERVAL = Duration.minutes(1);
/** Shorter than the interval: a run is over before the next is due. */
const TIMEOUT_MS = 55_000;

/** Every minute, one at a time: brings back the jobs of crashed workers and removes what they left in staging. */
export class Reconciler extends HandlerFunction<ReconcilerEnv> {
  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    const { name, environment } = props;
    const { table, work, staging } = props.data;
    super(scope, id, {
      lambda: "reconciler",
      description: "Recovers expired leases and removes staging litter.",
      timeoutMs: TIMEOUT_MS,
      memorySize: 512,
      logRetention: environment.logRetention,
      reservedConcurrentExecutions: 1,
      // A run that could not start or failed is not made up for: the next one does its work.
      maxEventAge: INTERVAL,
      retryAttempts: 0,
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

    const schedule = new Rule(this, "Schedule", { schedule: Schedule.rate(INTERVAL) });
    schedule.addTarget(new LambdaFunction(this.function, { maxEventAge: INTERVAL, retryAttempts: 0 }));
    const nextTickDoesIt =
      "A tick carries no work of its own: the next one does what this one would have done, and an alarm tells of silence.";
    Validations.of(this).acknowledge(
      { id: "Serverless-LambdaDLQ", reason: nextTickDoesIt },
      { id: "Serverless-LambdaAsyncFailureDestination", reason: nextTickDoesIt },
      { id: "Serverless-EventBusDLQ", reason: nextTickDoesIt },
    );

    permit(this.role, table.tableArn, ["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:BatchGetItem"]);
    permit(this.role, table.watchIndexArn, ["dynamodb:Query"]);
    permit(this.role, work.queue.queueArn, ["sqs:SendMessage"]);
    permit(this.role, staging.bucketArn, ["s3:ListBucket", "s3:ListBucketMultipartUploads"]);
    permitObjects(this.role, staging, stagingKey("*", "*"), ["s3:DeleteObject", "s3:AbortMultipartUpload"]);
  }
}
