import { CfnInsightRule, ConcreteWidget, type IWidget } from "aws-cdk-lib/aws-cloudwatch";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import { Aws, Stack } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { CONTRIBUTOR_KEY, CONTRIBUTOR_RULES, type ContributorRuleId, ruleNameOf } from "../catalogue/contributors.ts";

const PERIOD_SECONDS = 300;
const SHOWN_HOSTS = 10;

/** Makes the rules that count by host over the workers' logs. */
export function makeContributorRules(
  scope: Construct,
  prefix: string,
  logs: readonly ILogGroup[],
): Readonly<Record<ContributorRuleId, CfnInsightRule>> {
  const ids = Object.keys(CONTRIBUTOR_RULES) as ContributorRuleId[];
  const rules = ids.map((id) => [id, makeRule(scope, prefix, id, logs)] as const);
  return Object.fromEntries(rules) as Record<ContributorRuleId, CfnInsightRule>;
}

function makeRule(scope: Construct, prefix: string, id: ContributorRuleId, logs: readonly ILogGroup[]): CfnInsightRule {
  const rule = CONTRIBUTOR_RULES[id];
  const added = "adds" in rule ? rule.adds : undefined;
  return new CfnInsightRule(scope, rule.construct, {
    ruleName: ruleNameOf(prefix, id),
    ruleState: "ENABLED",
    ruleBody: Stack.of(scope).toJsonString({
      Schema: { Name: "CloudWatchLogRule", Version: 1 },
      LogGroupNames: logs.map(({ logGroupName }) => logGroupName),
      LogFormat: "JSON",
      Contribution: { Keys: [CONTRIBUTOR_KEY], ...(added && { ValueOf: added }), Filters: rule.filters },
      AggregateOn: added ? "Sum" : "Count",
    }),
  });
}

/** A graph of the hosts that contribute most to a rule. The CDK has no such widget of its own. */
class TopHostsWidget extends ConcreteWidget {
  readonly #prefix: string;
  readonly #id: ContributorRuleId;

  constructor(prefix: string, id: ContributorRuleId, size: { readonly width: number; readonly height: number }) {
    super(size.width, size.height);
    this.#prefix = prefix;
    this.#id = id;
  }

  override toJson(): object[] {
    const { height, width, x, y } = this;
    const properties = {
      title: CONTRIBUTOR_RULES[this.#id].title,
      view: "timeSeries",
      region: Aws.REGION,
      period: PERIOD_SECONDS,
      insightRule: {
        ruleName: ruleNameOf(this.#prefix, this.#id),
        maxContributorCount: SHOWN_HOSTS,
        orderBy: "Sum",
      },
      legend: { position: "bottom" },
    };
    return [{ type: "metric", width, height, x, y, properties }];
  }
}

export const topHostsWidget = (
  prefix: string,
  id: ContributorRuleId,
  size: { readonly width: number; readonly height: number },
): IWidget => new TopHostsWidget(prefix, id, size);
