import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import {
  type ILambdaDeploymentConfig,
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
} from "aws-cdk-lib/aws-codedeploy";
import type { Alias } from "aws-cdk-lib/aws-lambda";
import { Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { CodeDeploymentPace } from "../environments/environment.ts";

export interface CodeDeploymentProps {
  readonly alias: Alias;
  readonly pace: CodeDeploymentPace;
  /** An alarm among them that fires rolls the deployment back. Metric alarms only; at most `MOST_ALARMS`. */
  readonly alarms: readonly Alarm[];
}

/** A deployment group takes no more: its API answers with AlarmsLimitExceededException. */
const MOST_ALARMS = 10;

const CONFIGS: Readonly<Record<CodeDeploymentPace, ILambdaDeploymentConfig>> = {
  "10 % for 5 minutes": LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  "10 % for 15 minutes": LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
  "10 % for 30 minutes": LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES,
};

/**
 * Rolls out new worker code: it gets a tenth of the invocations first. If an alarm fires meanwhile, CodeDeploy moves
 * the alias back and the deployment fails. Both versions may process the same job, so each must read what the other
 * writes.
 * @throws RangeError if there are more alarms than a deployment group takes.
 */
export function deployInSteps(scope: Construct, id: string, { alias, pace, alarms }: CodeDeploymentProps): void {
  if (alarms.length > MOST_ALARMS)
    throw new RangeError(
      `CodeDeploy would watch ${alarms.length} alarms and takes at most ${MOST_ALARMS}. Choose fewer in infra/pipeline/monitoring.ts.`,
    );
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
