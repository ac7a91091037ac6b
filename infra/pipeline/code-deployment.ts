import { Alarm, MathExpression, Metric, TreatMissingData, Unit } from "aws-cdk-lib/aws-cloudwatch";
import {
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
  TimeBasedCanaryTrafficRouting,
} from "aws-cdk-lib/aws-codedeploy";
import { Duration, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { METRIC_DIMENSION, METRIC_NAMESPACE, VERSION_DIMENSION, VERSION_METRIC } from "../../core/telemetry/metrics.ts";
import { CANARY } from "../../dashboards/catalogue/canary.ts";
import type { CodeDeploymentPace } from "../environments/environment.ts";
import type { Worker } from "./worker.ts";

export interface CodeDeploymentProps {
  readonly name: string;
  readonly prefix: string;
  readonly worker: Worker;
  readonly pace: CodeDeploymentPace;
  /** The end of the alarm's name. */
  readonly alarm: string;
}

const CONFIGS: Readonly<Record<CodeDeploymentPace, readonly [percentage: number, minutes: number]>> = {
  "10 % for 5 minutes": [10, 5],
  "10 % for 30 minutes": [10, 30],
  "30 % for an hour": [CANARY.percent, CANARY.minutes],
};

/**
 * Rolls out new worker code: it gets a part of the invocations first. If it fails in its own share of them, CodeDeploy
 * moves the alias back and the deployment fails. No alarm on the pipeline as a whole is asked: while one is on, the
 * deployment that mends things must go through. Both versions may process the same job, so each must read what the
 * other writes.
 */
export function deployInSteps(scope: Construct, id: string, props: CodeDeploymentProps): void {
  const { pace, worker } = props;
  const deployment = new Construct(scope, id);
  const [percentage, minutes] = CONFIGS[pace];
  const group = new LambdaDeploymentGroup(deployment, "Deployments", {
    application: new LambdaApplication(deployment, "Application"),
    alias: worker.live,
    deploymentConfig: new LambdaDeploymentConfig(deployment, "Pace", {
      trafficRouting: new TimeBasedCanaryTrafficRouting({ interval: Duration.minutes(minutes), percentage }),
    }),
    alarms: [newCodeFails(deployment, props)],
  });
  Validations.of(group.role).acknowledge({
    id: "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]",
    reason:
      "CodeDeploy assumes the role to shift the alias; AWS keeps the managed policy in step with what CodeDeploy calls.",
  });
}

/** Of the newest version alone. An older version's alarm does not exist any more, so nothing of before can stop it. */
function newCodeFails(scope: Construct, { alarm, name, prefix, worker }: CodeDeploymentProps): Alarm {
  const { functionName, currentVersion } = worker.function;
  const period = Duration.minutes(CANARY.minutes);
  const ofVersion = (metricName: string): Metric =>
    new Metric({
      namespace: "AWS/Lambda",
      metricName,
      dimensionsMap: {
        FunctionName: functionName,
        Resource: `${functionName}:${worker.live.aliasName}`,
        ExecutedVersion: currentVersion.version,
      },
      statistic: "Sum",
      period,
    });
  const failed = new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: VERSION_METRIC,
    dimensionsMap: { [METRIC_DIMENSION]: name, [VERSION_DIMENSION]: `${functionName}:${currentVersion.version}` },
    unit: Unit.COUNT,
    statistic: "Sum",
    period,
  });
  const failures = new MathExpression({
    expression: "FILL(errors, 0) + FILL(failed, 0)",
    usingMetrics: { errors: ofVersion("Errors"), failed },
    period,
  });
  return new Alarm(scope, alarm, {
    alarmName: `${prefix}-${alarm}`,
    alarmDescription: "New code fails in its own share of the invocations. CodeDeploy takes it back. Tells nobody.",
    metric: new MathExpression({
      expression: `IF(failures >= ${CANARY.leastFailures} AND ${CANARY.oneOf} * failures >= invocations, 1, 0)`,
      usingMetrics: { failures, invocations: ofVersion("Invocations") },
      period,
    }),
    evaluationPeriods: 1,
    threshold: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
}
