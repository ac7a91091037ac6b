/** How the gate and new code are rolled out. */
import { beforeAll, describe, expect, it } from "vitest";
import { present } from "../../core/model/present.ts";
import type { EnvironmentName } from "../../infra/environments/environments.ts";
import { environmentNames, type Synthesized, synthesized, temporaryFolder } from "./synthesize.ts";

const outdir = temporaryFolder();
const templates = {} as Record<EnvironmentName, Synthesized>;

beforeAll(async () => {
  for (const name of environmentNames) templates[name] = await synthesized(name, outdir);
});

describe.each(environmentNames.filter((name) => name !== "local"))("the rollout controller of %s", (name) => {
  it("runs every minute and when slo-burning goes to ALARM, and does not retry a failed run", () => {
    const { id, properties } = templates[name].one("AWS::Lambda::Function", "Rollout");
    expect(properties["Timeout"]).toBeLessThan(60);
    const alarm = `fetchonce-${name}-slo-burning`;
    const target = {
      Arn: { "Fn::GetAtt": [id, "Arn"] },
      RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
    };
    expect(templates[name].one("AWS::Events::Rule", "RolloutSchedule").properties).toMatchObject({
      ScheduleExpression: "rate(1 minute)",
      State: "ENABLED",
      Targets: [target],
    });
    expect(templates[name].one("AWS::Events::Rule", "RolloutAlarm").properties).toEqual({
      EventPattern: {
        source: ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        detail: { alarmName: [alarm], state: { value: ["ALARM"] } },
      },
      State: "ENABLED",
      Targets: [expect.objectContaining(target)],
    });
    expect(templates[name].one("AWS::Lambda::EventInvokeConfig", "Rollout").properties).toMatchObject({
      FunctionName: { Ref: id },
      MaximumEventAgeInSeconds: 60,
      MaximumRetryAttempts: 0,
    });
    expect(templates[name].variablesOf("Rollout")["ALARM_NAMES"]).toBe(alarm);
    const alarms = templates[name].all("AWS::CloudWatch::CompositeAlarm").map((each) => each.properties["AlarmName"]);
    expect(alarms).toContain(alarm);
  });
});

describe("new worker code", () => {
  it.each([
    { name: "prod" as const, percentage: 30, minutes: 60 },
    { name: "staging" as const, percentage: 10, minutes: 5 },
  ])("in $name gets $percentage % for $minutes minutes in both lanes", ({ name, percentage, minutes }) => {
    for (const [lane, group] of [
      ["Worker", groupsOf(name)[0]],
      ["LongWorker", groupsOf(name)[1]],
    ] as const) {
      expect(group.properties["AutoRollbackConfiguration"]).toEqual({
        Enabled: true,
        Events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
      });
      const { Ref: config } = group.properties["DeploymentConfigName"] as { Ref: string };
      const pace = templates[name].all("AWS::CodeDeploy::DeploymentConfig").find(({ id }) => id === config);
      expect(pace?.properties["TrafficRoutingConfig"]).toEqual({
        Type: "TimeBasedCanary",
        TimeBasedCanary: { CanaryInterval: minutes, CanaryPercentage: percentage },
      });
      expect(templates[name].one("AWS::Lambda::Alias", lane).updatePolicy).toEqual({
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: group.properties["ApplicationName"],
          DeploymentGroupName: { Ref: group.id },
        },
      });
    }
  });

  it.each(["prod", "staging"] as const)("in %s is judged by its own figures alone, each lane by its own", (name) => {
    const watched = groupsOf(name).map(({ properties }) => {
      const { Alarms } = properties["AlarmConfiguration"] as { Alarms: { Name: { Ref: string } }[] };
      return Alarms.map(({ Name }) => {
        const alarm = templates[name].all("AWS::CloudWatch::Alarm").find(({ id }) => id === Name.Ref);
        return String(alarm?.properties["AlarmName"]);
      });
    });
    expect(watched).toEqual([[`fetchonce-${name}-new-code-fails`], [`fetchonce-${name}-new-long-code-fails`]]);
  });

  it.each(["dev", "local"] as const)("in %s gets all traffic at once", (name) => {
    expect(templates[name].all("AWS::CodeDeploy::DeploymentGroup")).toEqual([]);
    for (const alias of templates[name].all("AWS::Lambda::Alias")) expect(alias.updatePolicy).toBeUndefined();
  });
});

const groupsOf = (name: EnvironmentName) => {
  const [group, longGroup] = ["CodeRollout", "LongCodeRollout"].map((id) =>
    templates[name].one("AWS::CodeDeploy::DeploymentGroup", id),
  );
  return [present(group, "the short lane's"), present(longGroup, "the long lane's")] as const;
};
