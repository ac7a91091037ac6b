import { CfnOutput, Stack } from "aws-cdk-lib/core";
import type { Construct } from "constructs";

/** Stack outputs that users and scripts read with `aws cloudformation describe-stacks`. Never rename one. */
type OutputName =
  | "DeploymentName"
  | "QueueUrl"
  | "UrgentQueueUrl"
  | "LongQueueUrl"
  | "DeadLetterQueueUrl"
  | "TableName"
  | "StagingBucketName"
  | "ContentBucketName"
  | "EventBusName"
  | "StreamDeadLetterQueueUrl"
  | "ArchiveBucketName"
  | "BatchesBucketName"
  | "WorkerFunctionName"
  | "LongWorkerFunctionName"
  | "ReconcilerFunctionName"
  | "BatchesFunctionName"
  | "RolloutFunctionName"
  | "AnnouncerFunctionName"
  | "ArchiverFunctionName";

/** CDK leaves this id out of the names that it makes. */
const UNNAMED = "Default";
/** The part that has no outputs of the same name as another. */
const PIPELINE = "Pipeline";

/** Outputs begin with the id of the `Fetchonce` that they are of, so that a stack can hold several. */
export function tell(part: Construct, outputs: Readonly<Partial<Record<OutputName, string>>>): void {
  const stack = Stack.of(part);
  const prefix = part.node.scopes
    .slice(part.node.scopes.indexOf(stack) + 1)
    .map(({ node }) => node.id)
    .filter((id) => id !== UNNAMED && id !== PIPELINE)
    .join("")
    .replaceAll(/[^A-Za-z0-9]/g, "");
  for (const [output, value] of Object.entries(outputs))
    new CfnOutput(part, output, { value }).overrideLogicalId(prefix + output);
}
