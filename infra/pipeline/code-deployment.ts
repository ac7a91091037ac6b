import type { IAlarm } from "aws-cdk-lib/aws-cloudwatch";
import {
  type ILambdaDeploymentConfig,
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
} from "aws-cdk-lib/aws-codedeploy";
import type { Alias } from "aws-cdk-lib/aws-lambda";
import { Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { CodeDeploymentPace } from "../environments/environments.ts";

export interface CodeDeploymentProps {
  readonly alias: Alias;
  readonly pace: CodeDeploymentPace;
  /** An alarm among them that fires rolls the deployment back. At most ten: CodeDeploy watches no more. */
  readonly alarms: readonly IAlarm[];
}

const CONFIGS: Readonly<Record<CodeDeploymentPace, ILambdaDeploymentConfig>> = {
  "10 % for 5 minutes": LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  "10 % for 15 minutes": LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
  "10 % for 30 minutes": LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES,
};

/**
 * Rolls out new worker code: it gets a tenth of the invocations first. If an alarm fires meanwhile, CodeDeploy moves
 * the alias back and the deployment fails. Both versions may process the same job, so each must read what the other
 * writes.
 */
export function deployInSteps(scope: Construct, id: string, { alias, pace, alarms }: CodeDeploymentProps): void {
  const deployment = new Construct(scope, id);
  const group = new LambdaDeploymentGroup(deployment, "Deployments", {
    application: new LambdaApplication(deployment, "Application"),
    alias,
    deploymentConfig: CONFIGS[pace],
    alarms: [...alarms],
  });
  Validations.of(group.role).acknowledge({
    id: "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]",
    reason:
      "CodeDeploy assumes the role to shift the alias; AWS keeps the managed policy in step with what CodeDeploy calls.",
  });
}
