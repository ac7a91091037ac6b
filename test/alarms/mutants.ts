/** The catalogue of mutants: every alarm of the template, changed in one way at a time. */
import { METRICS } from "../../core/telemetry/metrics.ts";
import type { ExpectedAlarm } from "./expectation.ts";
import { PREFIX } from "./prove.ts";
import { isAlarm, type Template, withOnly } from "./cloudwatch/template.ts";

export interface Mutant {
  /** Id of the changed alarm, with the suffix of the half if a half is changed. */
  readonly alarm: string;
  readonly change: string;
  readonly template: Template;
}

type Properties = Readonly<Record<string, unknown>>;
type Change = readonly [change: string, properties: Properties];

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly Period?: number;
  readonly ReturnData?: boolean;
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: readonly Dimension[];
    };
    readonly Period: number;
    readonly Stat: string;
    readonly Unit?: string;
  };
}
interface Dimension {
  readonly Name: string;
  readonly Value: unknown;
}

export function mutantsOf({ id, conditions, saidBy }: ExpectedAlarm, template: Template): readonly Mutant[] {
  const names = [id, ...conditions.map(({ suffix }) => `${id}${suffix}`)].map((name) => PREFIX + name);
  const saying = saidBy === undefined ? [] : ["", "-long", "-short"].map((suffix) => PREFIX + saidBy + suffix);
  // Leaves out all other alarms, which would be parsed again for each mutant.
  const few = withOnly(template, [...names, ...saying]);
  return Object.entries(few.Resources)
    .filter(([, { Type, Properties }]) => isAlarm(Type) && names.includes(String(Properties?.["AlarmName"])))
    .flatMap(([key, { Type, Properties = {} }]) => {
      const changes = Type === "AWS::CloudWatch::Alarm" ? metricChanges(Properties) : compositeChanges(Properties);
      return [...changes, ...actionChanges(Properties, template)].map(([change, properties]) => ({
        alarm: String(Properties["AlarmName"]).slice(PREFIX.length),
        change,
        template: { ...few, Resources: { ...few.Resources, [key]: { Type, Properties: properties } } },
      }));
    });
}

function metricChanges(properties: Properties): readonly Change[] {
  const { Threshold, EvaluationPeriods, ComparisonOperator, TreatMissingData, Metrics } = properties as {
    Threshold: number;
    EvaluationPeriods: number;
    ComparisonOperator: string;
    TreatMissingData: string;
    Metrics: readonly MetricQuery[];
  };
  const changed = (change: string, values: Properties): Change => [change, { ...properties, ...values }];
  const several = EvaluationPeriods > 1;
  return [
    ...[Threshold * 1.1, Threshold * 0.9, Threshold + 1, -Threshold].map((value) =>
      changed(`threshold ${value}`, { Threshold: value }),
    ),
    ...["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"]
      .filter((operator) => operator !== ComparisonOperator)
      .map((operator) => changed(operator, { ComparisonOperator: operator })),
    ...["missing", "ignore", "breaching", "notBreaching", undefined]
      .filter((treatment) => treatment !== TreatMissingData)
      .map((treatment) => changed(`missing data ${treatment}`, { TreatMissingData: treatment })),
    changed("one more period", { EvaluationPeriods: EvaluationPeriods + 1 }),
    changed("one more period, which must breach as well", {
      EvaluationPeriods: EvaluationPeriods + 1,
      DatapointsToAlarm: EvaluationPeriods + 1,
    }),
    ...(several ? [changed("one datapoint fewer to alarm", { DatapointsToAlarm: EvaluationPeriods - 1 })] : []),
    ...(several
      ? [
          changed("one period fewer", {
            EvaluationPeriods: EvaluationPeriods - 1,
            DatapointsToAlarm: EvaluationPeriods - 1,
          }),
        ]
      : []),
    changed("wall-clock windows", { EvaluationWindow: { WallClockWindow: {} } }),
    ...[2, 0.5, 5, 0.2, 1.2].map((factor) =>
      changed(`period x ${factor}`, { Metrics: Metrics.map((query) => withPeriod(query, factor)) }),
    ),
    ...Metrics.flatMap((query, index) =>
      queryChanges(query, Metrics).map(([change, other]) =>
        changed(`${query.Id}: ${change}`, { Metrics: Metrics.map((one, at) => (at === index ? other : one)) }),
      ),
    ),
  ];
}

const withPeriod = (query: MetricQuery, factor: number): MetricQuery => ({
  ...query,
  ...(query.Period === undefined ? {} : { Period: query.Period * factor }),
  ...(query.MetricStat === undefined
    ? {}
    : { MetricStat: { ...query.MetricStat, Period: query.MetricStat.Period * factor } }),
});

const isInsights = ({ Expression }: MetricQuery): boolean => Expression?.startsWith("INSIGHT_RULE_METRIC(") === true;

type QueryChange = readonly [change: string, query: MetricQuery];

function queryChanges(query: MetricQuery, all: readonly MetricQuery[]): readonly QueryChange[] {
  const { Expression, MetricStat } = query;
  const others = all.filter(({ Id }) => Id !== query.Id);
  // An expression over other expressions reads no metric.
  const parts = others.filter((other) => other.Expression !== undefined);
  const isOverParts = parts.some(({ Id }) => new RegExp(`\\b${Id}\\b`).test(Expression ?? ""));
  const ids = others
    .filter((other) => (other.Expression !== undefined) === isOverParts && !isInsights(other))
    .map(({ Id }) => Id);
  return [
    ["ReturnData inverted", { ...query, ReturnData: query.ReturnData !== true }],
    ...(Expression === undefined ? [] : expressionChanges(Expression, ids)).map((expression): QueryChange => [
      expression,
      { ...query, Expression: expression },
    ]),
    ...(MetricStat === undefined ? [] : statChanges(MetricStat)).map(([change, stat]): QueryChange => [
      change,
      { ...query, MetricStat: stat },
    ]),
  ];
}

type MetricStat = NonNullable<MetricQuery["MetricStat"]>;

function statChanges(stat: MetricStat): readonly (readonly [change: string, stat: MetricStat])[] {
  const { Metric, Stat, Unit } = stat;
  const isOurs = Object.hasOwn(METRICS, Metric.MetricName);
  const otherMetrics = isOurs ? Object.keys(METRICS) : ["Deaths", "Errors", "Invocations", "NumberOfMessagesSent"];
  const metric = (change: string, values: Partial<MetricStat["Metric"]>) =>
    [change, { ...stat, Metric: { ...Metric, ...values } }] as const;
  return [
    ...["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p99", "p50"]
      .filter((other) => other !== Stat)
      .map((other) => [other, { ...stat, Stat: other }] as const),
    ...otherMetrics.filter((name) => name !== Metric.MetricName).map((name) => metric(name, { MetricName: name })),
    metric("another namespace", { Namespace: `${Metric.Namespace}/x` }),
    metric("no dimensions", { Dimensions: [] }),
    ...Metric.Dimensions.map(({ Name }) =>
      metric(`another ${Name}`, {
        Dimensions: Metric.Dimensions.map((dimension) =>
          dimension.Name === Name ? { Name, Value: "other" } : dimension,
        ),
      }),
    ),
    ...Metric.Dimensions.filter(() => Metric.Dimensions.length > 1).map(({ Name }) =>
      metric(`no ${Name}`, { Dimensions: Metric.Dimensions.filter((dimension) => dimension.Name !== Name) }),
    ),
    ...["Count", "Milliseconds"]
      .filter((unit) => unit !== Unit)
      .map((unit) => [`in ${unit}`, { ...stat, Unit: unit }] as const),
  ];
}

const SWAPS: Readonly<Record<string, readonly string[]>> = {
  ">=": [">", "<", "<=", "=="],
  "<": ["<=", ">", ">="],
  AND: ["OR"],
  OR: ["AND"],
  "+": ["-", "*"],
  "-": ["+"],
  "/": ["*", "-"],
};

function expressionChanges(expression: string, ids: readonly string[]): readonly string[] {
  const found: string[] = [];
  const replaceAt = (at: number, length: number, text: string): void => {
    found.push(expression.slice(0, at) + text + expression.slice(at + length));
  };
  for (const { 0: word, index } of expression.matchAll(/"[^"]*"|\w+|>=|[<+\-/]/g)) {
    if (/^\d+$/.test(word)) {
      const value = Number(word);
      for (const other of [value + 1, value - 1, value * 2])
        if (other !== value && other >= 0) replaceAt(index, word.length, String(other));
    } else if (ids.includes(word)) {
      for (const other of ids) if (other !== word) replaceAt(index, word.length, other);
    } else if (word.startsWith('"')) replaceAt(index, word.length, '"Other"');
    else for (const other of SWAPS[word] ?? []) replaceAt(index, word.length, other);
  }
  for (const { 0: fill, 1: inner = "", index } of expression.matchAll(/FILL\((\w+), 0\)/g))
    replaceAt(index, fill.length, inner);
  const branches = /^IF\((.*), ([^,]*(?:FILL\(\w+, 0\)[^,]*)*), 0\)$/.exec(expression);
  if (branches) found.push(`IF(${branches[1]}, 0, ${branches[2]})`);
  return [...new Set(found)];
}

function compositeChanges(properties: Properties): readonly Change[] {
  const [separator, parts] = (properties["AlarmRule"] as { "Fn::Join": [string, readonly unknown[]] })["Fn::Join"];
  const [open, first, between, second, close] = parts;
  const rule = (change: string, ...others: readonly unknown[]): Change => [
    change,
    { ...properties, AlarmRule: { "Fn::Join": [separator, others] } },
  ];
  const text = String(between);
  return [
    rule("either half", open, first, text.replace("AND", "OR"), second, close),
    rule("the long half alone", 'ALARM("', first, '")'),
    rule("the short half alone", 'ALARM("', second, '")'),
    rule("not the short half", open, first, text.replace("AND", "AND NOT"), second, close),
    rule("the long half OK", String(open).replace("ALARM", "OK"), first, between, second, close),
    rule("the short half OK", open, first, text.replace("AND ALARM", "AND OK"), second, close),
    rule(
      "the long half without data",
      String(open).replace("ALARM", "INSUFFICIENT_DATA"),
      first,
      between,
      second,
      close,
    ),
    ...("ActionsSuppressor" in properties
      ? [["never suppressed", { ...properties, ActionsSuppressor: undefined }] as const]
      : []),
    rule("never", "FALSE"),
    rule("always", "TRUE"),
    rule("not", "NOT ", ...parts),
    rule("another alarm", open, "another", between, second, close),
  ];
}

function actionChanges(properties: Properties, template: Template): readonly Change[] {
  const topics = Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === "AWS::SNS::Topic")
    .map(([id]) => [{ Ref: id }]);
  return [
    ["no actions", { ...properties, ActionsEnabled: false }],
    ...["AlarmActions", "OKActions", "InsufficientDataActions"].flatMap((kind) =>
      [[], ...topics]
        .filter((actions) => JSON.stringify(actions) !== JSON.stringify(properties[kind] ?? []))
        .map((actions): Change => [`${kind} ${JSON.stringify(actions)}`, { ...properties, [kind]: actions }]),
    ),
  ];
}
