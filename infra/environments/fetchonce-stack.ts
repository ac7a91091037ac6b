import { CfnOutput, Stack } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { Environment } from "./environment.ts";
import { deploymentNameOf, type EnvironmentName } from "./environments.ts";

/** Stack outputs that users and scripts read with `aws cloudformation describe-stacks`. Never rename one. */
type OutputName =
  | "QueueUrl"
  | "LongQueueUrl"
  | "DeadLetterQueueUrl"
  | "TableName"
  | "StagingBucketName"
  | "ContentBucketName"
  | "EventBusName"
  | "StreamDeadLetterQueueUrl"
  | "ArchiveBucketName"
  | "WorkerFunctionName"
  | "LongWorkerFunctionName"
  | "ReconcilerFunctionName"
  | "RolloutFunctionName"
  | "AnnouncerFunctionName"
  | "ArchiverFunctionName";

interface FetchonceStackProps {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  /** Appended to the deployment's name; empty for the data stack, which is named like the deployment. */
  readonly suffix: string;
  readonly description: string;
}

/** One stack of a deployment. CloudFormation copies its tags to every resource that supports tags. */
export abstract class FetchonceStack extends Stack {
  constructor(scope: Construct, id: string, { name, environment, suffix, description }: FetchonceStackProps) {
    super(scope, id, {
      // Of both stacks: `cdk destroy --all` begins with the pipeline, and would take the workers and the alarms away
      // before the data stack refuses.
      terminationProtection: environment.protectData,
      stackName: `${deploymentNameOf(name)}${suffix}`,
      description: `fetchonce (${name}): ${description}`,
      tags: { project: "fetchonce", environment: name },
    });
  }

  protected tell(outputs: Readonly<Partial<Record<OutputName, string>>>): void {
    for (const [output, value] of Object.entries(outputs)) {
      new CfnOutput(this, output, { value }).overrideLogicalId(output);
    }
  }
}
