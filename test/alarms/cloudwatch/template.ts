/** The alarms of a synthesized template, as CloudFormation would make them. What is not supported is an error. */
import { z } from "zod";

const actions = z.array(z.unknown()).default([]);
const common = {
  AlarmName: z.unknown().optional(),
  AlarmDescription: z.unknown().optional(),
  ActionsEnabled: z.boolean().default(true),
  AlarmActions: actions,
  OKActions: actions,
  InsufficientDataActions: actions,
  Tags: z.unknown().optional(),
};
const dimensions = z.array(z.strictObject({ Name: z.string(), Value: z.unknown() })).default([]);
const positive = z.number().int().positive();

const metricSchema = z.strictObject({
  Id: z.string().regex(/^[a-z]\w*$/),
  Label: z.string().optional(),
  ReturnData: z.boolean().default(true),
  Expression: z.string().optional(),
  Period: positive.optional(),
  MetricStat: z
    .strictObject({
      Metric: z.strictObject({ Namespace: z.string(), MetricName: z.string(), Dimensions: dimensions }),
      Period: positive,
      Stat: z.string(),
      Unit: z.enum(["Count", "Milliseconds"]).optional(),
    })
    .optional(),
});

const alarmSchema = z.strictObject({
  ...common,
  ComparisonOperator: z.enum([
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
  ]),
  Threshold: z.number(),
  EvaluationPeriods: positive,
  DatapointsToAlarm: positive.optional(),
  TreatMissingData: z.enum(["missing", "ignore", "breaching", "notBreaching"]).optional(),
  EvaluateLowSampleCountPercentile: z.literal("evaluate").optional(),
  EvaluationWindow: z
    .union([
      z.strictObject({ SlidingWindow: z.strictObject({}) }),
      z.strictObject({ WallClockWindow: z.strictObject({ Timezone: z.literal("UTC").optional() }) }),
    ])
    .default({ SlidingWindow: {} }),
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Dimensions: dimensions,
  Statistic: z.string().optional(),
  ExtendedStatistic: z.string().optional(),
  Period: positive.optional(),
  Metrics: z.array(metricSchema).optional(),
});

const compositeSchema = z.strictObject({
  ...common,
  AlarmRule: z.unknown(),
  ActionsSuppressor: z.unknown().optional(),
  ActionsSuppressorWaitPeriod: z.int().min(0).optional(),
  ActionsSuppressorExtensionPeriod: z.int().min(0).optional(),
});

const insightRuleSchema = z.strictObject({
  RuleName: z.unknown(),
  RuleState: z.literal("ENABLED"),
  RuleBody: z.unknown(),
});

interface Named {
  readonly id: string;
  readonly name: string;
}
export interface MetricAlarm extends Named {
  readonly properties: z.infer<typeof alarmSchema>;
}
export interface CompositeAlarm extends Named {
  readonly rule: string;
  /** Name or ARN of the alarm that, while it is in ALARM, keeps this one's actions back. */
  readonly suppressor: string | undefined;
  readonly properties: z.infer<typeof compositeSchema>;
}

export interface Template {
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

const ofType = (template: Template, type: string) =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

const nameOf = (template: Template, id: string): string => {
  const name = template.Resources[id]?.Properties?.["AlarmName"];
  return name === undefined ? id : resolve(template, name);
};

export const metricAlarmsOf = (template: Template): readonly MetricAlarm[] =>
  ofType(template, "AWS::CloudWatch::Alarm").map(([id, { Properties }]) => ({
    id,
    name: nameOf(template, id),
    properties: alarmSchema.parse(Properties),
  }));

export const compositeAlarmsOf = (template: Template): readonly CompositeAlarm[] =>
  ofType(template, "AWS::CloudWatch::CompositeAlarm").map(([id, { Properties }]) => {
    const properties = compositeSchema.parse(Properties);
    const { ActionsSuppressor: suppressor } = properties;
    return {
      id,
      name: nameOf(template, id),
      properties,
      rule: resolve(template, properties.AlarmRule),
      suppressor: suppressor === undefined ? undefined : resolve(template, suppressor),
    };
  });

export const isAlarm = (type: string): boolean => /^AWS::CloudWatch::(Composite)?Alarm$/.test(type);

/** The template with only the alarms of these names. The names must be literals in the template. */
export const withOnly = (template: Template, names: readonly string[]): Template => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(
      ([, { Type, Properties }]) => !isAlarm(Type) || names.includes(String(Properties?.["AlarmName"])),
    ),
  ),
});

/** The bodies of the Contributor Insights rules, by the names of the rules. */
export const insightRulesOf = (template: Template): ReadonlyMap<string, string> =>
  new Map(
    ofType(template, "AWS::CloudWatch::InsightRule").map(([, { Properties }]) => {
      const { RuleName, RuleBody } = insightRuleSchema.parse(Properties);
      return [resolve(template, RuleName), resolve(template, RuleBody)];
    }),
  );

/** The ARN as `resolve` writes it. */
export const arnOf = (id: string): string => `arn:${id}`;

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::Region": "eu-west-1",
  "AWS::AccountId": "123456789012",
  "AWS::Partition": "aws",
  "AWS::StackName": "stack",
};

/**
 * The text that a value becomes in a deployment. A resource's name is its logical id, its ARN is `arn:` and that id.
 * @throws Error when the value uses a function, a resource or an attribute that is not supported.
 */
export function resolve(template: Template, value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  const [[kind, argument] = ["nothing", undefined], ...more] = Object.entries(value ?? {}) as [string, unknown][];
  if (more.length === 0) {
    if (kind === "Ref" && typeof argument === "string") return referred(template, argument);
    if (kind === "Fn::GetAtt" && Array.isArray(argument)) return attribute(template, argument);
    if (kind === "Fn::Join" && Array.isArray(argument)) {
      const [separator, parts] = argument as [string, readonly unknown[]];
      return parts.map((part) => resolve(template, part)).join(separator);
    }
    if (kind === "Fn::Sub" && typeof argument === "string")
      return argument.replaceAll(/\$\{([^}!]+)\}/g, (_, name: string) => {
        const [id = "", of] = name.split(".");
        return of === undefined ? referred(template, id) : attribute(template, [id, of]);
      });
  }
  throw new Error(`cannot resolve ${JSON.stringify(value)}`);
}

function referred(template: Template, id: string): string {
  const pseudo = PSEUDO[id];
  if (pseudo !== undefined) return pseudo;
  const resource = template.Resources[id];
  if (resource === undefined) throw new Error(`there is no resource ${id}`);
  return resource.Type.startsWith("AWS::CloudWatch::") ? nameOf(template, id) : id;
}

function attribute(template: Template, [id, name]: readonly unknown[]): string {
  if (typeof id !== "string" || template.Resources[id] === undefined)
    throw new Error(`there is no resource ${String(id)}`);
  if (name === "Arn") return arnOf(id);
  // The name of a queue, a table or a function, as dimensions use it.
  if (typeof name === "string" && name.endsWith("Name")) return id;
  if (name === "Version") return `version of ${id}`;
  throw new Error(`the attribute ${String(name)} is not supported`);
}
