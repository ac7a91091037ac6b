import { Rule } from "aws-cdk-lib/aws-events";
import type { Construct } from "constructs";
import { SLO_BURNING } from "../../dashboards/catalogue/alarm.ts";
import type { GateRolloutEnv } from "../../lambdas/gate-rollout/env.ts";
import type { Monitoring } from "../environments/environment.ts";
import type { Deployment } from "./handler-function.ts";
import { MinuteFunction } from "./minute-function.ts";
import { permit, permitEverywhere } from "./permissions.ts";

export interface GateRolloutProps extends Deployment {
  readonly monitoring: Monitoring;
}

/** Moves the gate's rollout a step forward or back. Runs every minute, and at once when an SLO alarm fires. */
export class GateRollout extends MinuteFunction<GateRolloutEnv> {
  constructor(scope: Construct, id: string, deployment: GateRolloutProps) {
    const { prefix, monitoring, data } = deployment;
    const alarmName = `${prefix}-${SLO_BURNING}`;
    super(scope, id, {
      deployment,
      lambda: "gate-rollout",
      description: "Rolls the gate out in steps, and back when an SLO alarm fires.",
      timeoutMs: 30_000,
      memorySize: 256,
      nextTickDoesIt: "the next one reads the same alarm, and another alarm fires if the ticks stop.",
      variables: {
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
