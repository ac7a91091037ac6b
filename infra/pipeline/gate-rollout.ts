import { Rule } from "aws-cdk-lib/aws-events";
import type { Construct } from "constructs";
import { SLO_BURNING } from "../../dashboards/catalogue/alarm.ts";
import type { GateRolloutEnv } from "../../lambdas/gate-rollout/env.ts";
import type { DataStack } from "../data/data-stack.ts";
import {
  deploymentNameOf,
  type Environment,
  type EnvironmentName,
  type Monitoring,
} from "../environments/environments.ts";
import { MinuteFunction } from "./minute-function.ts";
import { permit, permitEverywhere } from "./permissions.ts";

export interface GateRolloutProps {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  readonly monitoring: Monitoring;
  readonly data: DataStack;
}

/** Every minute, and at once when an objective burns: takes the rollout of the gate a step further, or back. */
export class GateRollout extends MinuteFunction<GateRolloutEnv> {
  constructor(scope: Construct, id: string, { name, environment, monitoring, data }: GateRolloutProps) {
    const alarmName = `${deploymentNameOf(name)}-${SLO_BURNING}`;
    super(scope, id, {
      lambda: "gate-rollout",
      description: "Rolls the gate out by steps, and back when an objective burns.",
      timeoutMs: 30_000,
      memorySize: 256,
      logRetention: environment.logRetention,
      nextTickDoesIt: "the next one looks at the same alarm, and another tells of silence.",
      environment: {
        ENVIRONMENT_NAME: name,
        TABLE_NAME: data.table.tableName,
        ALARM_NAMES: alarmName,
        BAKE_MS: String(monitoring.gateRollout.bakeMs),
        BLIND_MS: String(monitoring.gateRollout.blindMs),
      },
    });

    this.runBy(
      new Rule(this, "Alarm", {
        eventPattern: {
          source: ["aws.cloudwatch"],
          detailType: ["CloudWatch Alarm State Change"],
          detail: { alarmName: [alarmName], state: { value: ["ALARM"] } },
        },
      }),
    );

    permit(this.role, data.table.tableArn, ["dynamodb:GetItem", "dynamodb:UpdateItem"]);
    permitEverywhere(
      this.role,
      ["cloudwatch:DescribeAlarms"],
      "DescribeAlarms tells nothing of composite alarms to who may call it for less than everything (its API reference).",
    );
  }
}
