import { CfnOutput, Stack } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { AccessLogBucket } from "./constructs/access-log-bucket.ts";
import { ContentBucket } from "./constructs/content-bucket.ts";
import { JobsTable } from "./constructs/jobs-table.ts";
import { Monitoring } from "./constructs/monitoring.ts";
import { Reconciler } from "./constructs/reconciler.ts";
import { Rollout } from "./constructs/rollout.ts";
import { StagingBucket } from "./constructs/staging-bucket.ts";
import { WorkQueue } from "./constructs/work-queue.ts";
import { Worker } from "./constructs/worker.ts";
import { type EnvironmentName, ENVIRONMENTS } from "./environments.ts";

/** What a deployment tells its users, by `aws cloudformation describe-stacks`. The names are a promise. */
type Outputs = Readonly<
  Record<
    | "QueueUrl"
    | "DeadLetterQueueUrl"
    | "TableName"
    | "StagingBucketName"
    | "ContentBucketName"
    | "WorkerFunctionName"
    | "ReconcilerFunctionName",
    string
  >
> & {
  /** Where there are alarms to roll out by. */
  readonly RolloutFunctionName?: string;
};

/** Everything one environment consists of. */
export class FetchonceStack extends Stack {
  readonly monitoring: Monitoring | undefined;

  constructor(scope: Construct, name: EnvironmentName) {
    const environment = ENVIRONMENTS[name];
    super(scope, "Fetchonce", {
      stackName: `fetchonce-${name}`,
      description: `fetchonce (${name}): downloads what a list of URLs points at into S3, exactly once.`,
      terminationProtection: environment.protectData,
    });
    const { protectData } = environment;

    const table = new JobsTable(this, "Table", environment);
    const work = new WorkQueue(this, "Work", environment);
    const accessLogs = new AccessLogBucket(this, "AccessLogs", { protectData });
    const staging = new StagingBucket(this, "Staging", { protectData, accessLogs });
    const content = new ContentBucket(this, "Content", { protectData, accessLogs });
    const worker = new Worker(this, "Worker", { name, environment, table, work, staging, content });
    const reconciler = new Reconciler(this, "Reconciler", { name, environment, table, work, staging });

    const { monitoring } = environment;
    const rollout = monitoring && new Rollout(this, "Rollout", { name, environment, monitoring, table });
    this.monitoring =
      rollout &&
      new Monitoring(this, "Monitoring", { name, environment, monitoring, table, work, worker, reconciler, rollout });

    const outputs: Outputs = {
      QueueUrl: work.queue.queueUrl,
      DeadLetterQueueUrl: work.deadLetters.queueUrl,
      TableName: table.tableName,
      StagingBucketName: staging.bucketName,
      ContentBucketName: content.bucketName,
      WorkerFunctionName: worker.function.functionName,
      ReconcilerFunctionName: reconciler.function.functionName,
      ...(rollout && { RolloutFunctionName: rollout.function.functionName }),
    };
    for (const [output, value] of Object.entries(outputs))
      new CfnOutput(this, output, { value }).overrideLogicalId(output);
  }
}
