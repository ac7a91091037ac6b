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

/** Moves the gate's rollout a step forward or back. Runs every minute, and at once when an SLO alarm fires. */
export class GateRollout extends MinuteFunction<GateRolloutEnv> {
  constructor(scope: Construct, id: string, { name, environment, monitoring, data }: GateRolloutProps) {
    const alarmName = `${deploymentNameOf(name)}-${SLO_BURNING}`;
    super(scope, id, {
      lambda: "gate-rollout",
      description: "Rolls the gate out in steps, and back when an SLO alarm fires.",
      timeoutMs: 30_000,
      memorySize: 256,
      logRetention: environment.logRetention,
      nextTickDoesIt: "the next one reads the same alarm, and another alarm fires if the ticks stop.",
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
      "DescribeAlarms returns composite alarms only if it is allowed on all resources, says its API reference.",
    );
  }
}
