import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Duration, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { SLO_BURNING } from "../../dashboards/catalogue/alarm.ts";
import type { RolloutEnv } from "../../lambdas/rollout/env.ts";
import type { DataStack } from "../data-stack.ts";
import { deploymentNameOf, type Environment, type EnvironmentName, type Monitoring } from "../environments.ts";
import { HandlerFunction } from "./handler-function.ts";
import { permit, permitEverywhere } from "./permissions.ts";

export interface RolloutProps {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  readonly monitoring: Monitoring;
  readonly data: DataStack;
}

const INTERVAL = Duration.minutes(1);
/** Shorter than the interval: a run is over before the next is due. */
const TIMEOUT_MS = 30_000;

/** Every minute, and at once when an objective burns: takes the rollout of the gate a step further, or back. */
export class Rollout extends HandlerFunction<RolloutEnv> {
  constructor(scope: Construct, id: string, { name, environment, monitoring, data }: RolloutProps) {
    const alarmName = `${deploymentNameOf(name)}-${SLO_BURNING}`;
    super(scope, id, {
      lambda: "rollout",
      description: "Rolls the gate out by steps, and back when an objective burns.",
      timeoutMs: TIMEOUT_MS,
      memorySize: 256,
      logRetention: environment.logRetention,
      reservedConcurrentExecutions: 1,
      // A run that could not start or failed is not made up for: the next one looks at the same alarm.
      maxEventAge: INTERVAL,
      retryAttempts: 0,
      environment: {
        ENVIRONMENT_NAME: name,
        TABLE_NAME: data.table.tableName,
        ALARM_NAMES: alarmName,
        BAKE_MS: String(monitoring.rollout.bakeMs),
        BLIND_MS: String(monitoring.rollout.blindMs),
      },
    });

    const schedule = new Rule(this, "Schedule", { schedule: Schedule.rate(INTERVAL) });
    const alarm = new Rule(this, "Alarm", {
      eventPattern: {
        source: ["aws.cloudwatch"],
        detailType: ["CloudWatch Alarm State Change"],
        detail: { alarmName: [alarmName], state: { value: ["ALARM"] } },
      },
    });
    const target = new LambdaFunction(this.function, { maxEventAge: INTERVAL, retryAttempts: 0 });
    for (const rule of [schedule, alarm]) rule.addTarget(target);

    const nextTickDoesIt =
      "A tick carries no work of its own: the next one looks at the same alarm, and another tells of silence.";
    Validations.of(this).acknowledge(
      { id: "Serverless-LambdaDLQ", reason: nextTickDoesIt },
      { id: "Serverless-LambdaAsyncFailureDestination", reason: nextTickDoesIt },
      { id: "Serverless-EventBusDLQ", reason: nextTickDoesIt },
    );

    permit(this.role, data.table.tableArn, ["dynamodb:GetItem", "dynamodb:UpdateItem"]);
    permitEverywhere(
      this.role,
      ["cloudwatch:DescribeAlarms"],
      "DescribeAlarms tells nothing of composite alarms to who may call it for less than everything (its API reference).",
    );
  }
}
