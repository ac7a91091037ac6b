/** What a deployed template costs by the month before anything is downloaded, computed from its resources. */
import { z } from "zod";
import { METRICS } from "../../core/telemetry/metrics.ts";
import type { Template } from "../../test/embedded-aws/template/template.ts";
import type { Bill } from "./bill.ts";

type Resource = Template["Resources"][string];

const metricAlarm = z.object({
  MetricName: z.string().optional(),
  Metrics: z.array(z.object({ MetricStat: z.unknown().optional(), Expression: z.string().optional() })).default([]),
});

/** An alarm is billed for each metric it reads, a Contributor Insights report included. (Composites have one price.) */
function metricsLookedAt({ Properties }: Resource): number {
  const { MetricName: plain, Metrics: queries } = metricAlarm.parse(Properties);
  const isMetric = ({ MetricStat: stat, Expression: expression }: (typeof queries)[number]): boolean =>
    stat !== undefined || expression?.startsWith("INSIGHT_RULE_METRIC(") === true;
  return (plain === undefined ? 0 : 1) + queries.filter(isMetric).length;
}

const BILLED: Readonly<Record<string, (resource: Resource) => Bill>> = {
  "AWS::CloudWatch::Alarm": (resource) => ({ alarmMetrics: metricsLookedAt(resource) }),
  "AWS::CloudWatch::CompositeAlarm": () => ({ compositeAlarms: 1 }),
  "AWS::CloudWatch::Dashboard": () => ({ dashboards: 1 }),
  "AWS::CloudWatch::InsightRule": () => ({ insightRules: 1 }),
  "AWS::KMS::Key": () => ({ keys: 1 }),
};

/** Billed by use, or not at all. */
const FREE_BY_THE_MONTH = new Set([
  "AWS::CDK::Metadata",
  "AWS::Chatbot::SlackChannelConfiguration",
  "AWS::CodeDeploy::Application",
  "AWS::CodeDeploy::DeploymentConfig",
  "AWS::CodeDeploy::DeploymentGroup",
  "AWS::DynamoDB::Table",
  "AWS::Events::EventBus",
  "AWS::Events::Rule",
  "AWS::IAM::Policy",
  "AWS::IAM::Role",
  "AWS::Lambda::Alias",
  "AWS::Lambda::EventInvokeConfig",
  "AWS::Lambda::EventSourceMapping",
  "AWS::Lambda::Function",
  "AWS::Lambda::Permission",
  "AWS::Lambda::Version",
  "AWS::Logs::LogGroup",
  "AWS::Logs::QueryDefinition",
  "AWS::S3::Bucket",
  "AWS::S3::BucketPolicy",
  "AWS::SNS::Subscription",
  "AWS::SNS::Topic",
  "AWS::SNS::TopicPolicy",
  "AWS::SQS::Queue",
  "AWS::SQS::QueuePolicy",
]);

/** @throws RangeError for a resource type that is neither in `BILLED` nor in `FREE_BY_THE_MONTH`. */
function billOfResource(id: string, resource: Resource): Bill {
  const bill = BILLED[resource.Type];
  if (bill) return bill(resource);
  if (FREE_BY_THE_MONTH.has(resource.Type)) return {};
  throw new RangeError(
    `The cost model does not know what a ${resource.Type} (${id}) costs by the month. Add it to bench/cost/template.ts.`,
  );
}

/** One bill for each resource, and one for the custom metrics that the functions write. */
export const monthlyBills = (templates: readonly Template[]): readonly Bill[] => [
  ...templates.flatMap(({ Resources }) =>
    Object.entries(Resources).map(([id, resource]) => billOfResource(id, resource)),
  ),
  { metrics: Object.keys(METRICS).length + versionMetricsOf(templates) },
];

/** One for each function whose code is rolled out in steps. Two for an hour of each rollout. */
const versionMetricsOf = (templates: readonly Template[]): number =>
  templates
    .flatMap(({ Resources }) => Object.values(Resources))
    .filter(({ Type }) => Type === "AWS::CodeDeploy::DeploymentGroup").length;

const mapping = z.object({ StartingPosition: z.string().optional() });

/** How many queues are polled. Only the mapping of a stream has a position to start at. */
export const polledQueuesOf = (templates: readonly Template[]): number =>
  templates
    .flatMap(({ Resources }) => Object.values(Resources))
    .filter(
      ({ Properties, Type }) =>
        Type === "AWS::Lambda::EventSourceMapping" && mapping.parse(Properties).StartingPosition === undefined,
    ).length;

const functionProperties = z.object({ MemorySize: z.number() });
const ruleProperties = z.object({ ScheduleExpression: z.string() });

/**
 * The first resource of that type, in any stack, whose logical id begins with the prefix.
 * @throws RangeError if there is none.
 */
function find(templates: readonly Template[], type: string, idPrefix: string): unknown {
  const found = templates
    .flatMap(({ Resources }) => Object.entries(Resources))
    .find(([id, { Type }]) => Type === type && id.startsWith(idPrefix));
  if (!found) throw new RangeError(`The templates have no ${type} whose id begins with ${idPrefix}.`);
  return found[1].Properties;
}

export const memoryMbOf = (templates: readonly Template[], idPrefix: string): number =>
  functionProperties.parse(find(templates, "AWS::Lambda::Function", idPrefix)).MemorySize;

export function minutesBetweenRuns(templates: readonly Template[], idPrefix: string): number {
  const { ScheduleExpression: schedule } = ruleProperties.parse(find(templates, "AWS::Events::Rule", idPrefix));
  const minutes = /^rate\((\d+) minutes?\)$/.exec(schedule)?.[1];
  if (minutes === undefined) throw new RangeError(`The cost model reads schedules in minutes, not "${schedule}".`);
  return Number(minutes);
}
