import { CfnInsightRule } from "aws-cdk-lib/aws-cloudwatch";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import { Stack } from "aws-cdk-lib/core";
import type { Construct } from "constructs";

/** Makes the rule that counts FAILED jobs by the host of their URL, from the workers' events. */
export function countFailuresByHost(scope: Construct, ruleName: string, logs: readonly ILogGroup[]): CfnInsightRule {
  return new CfnInsightRule(scope, "FailuresByHost", {
    ruleName,
    ruleState: "ENABLED",
    ruleBody: Stack.of(scope).toJsonString({
      Schema: { Name: "CloudWatchLogRule", Version: 1 },
      LogGroupNames: logs.map(({ logGroupName }) => logGroupName),
      LogFormat: "JSON",
      Contribution: {
        Keys: ["$.host"],
        Filters: [
          { Match: "$.event", In: ["job_state_changed"] },
          { Match: "$.to_state", In: ["FAILED"] },
        ],
      },
      AggregateOn: "Count",
    }),
  });
}
