import type { Properties, Resource, Synthesized } from "./synthesize.ts";

interface MetricStat {
  readonly Period: number;
  readonly Stat: string;
  readonly Unit?: string;
  readonly Metric: {
    readonly Namespace: string;
    readonly MetricName: string;
    readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  };
}

interface Query {
  readonly Id: string;
  readonly Expression?: string;
  readonly Period?: number;
  readonly ReturnData?: boolean;
  readonly MetricStat?: MetricStat;
}

/** A metric that an alarm or a dashboard widget reads. */
export interface Reading {
  /** Name of the alarm or title of the widget. */
  readonly by: string;
  readonly namespace: string;
  readonly name: string;
  readonly unit: string | undefined;
  /** Values may be unresolved intrinsic functions. */
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly periodSeconds: number;
}

export const alarmsIn = (template: Synthesized): readonly Resource[] => [
  ...template.all("AWS::CloudWatch::Alarm"),
  ...template.all("AWS::CloudWatch::CompositeAlarm"),
];

export const nameOf = ({ properties }: Resource): string => String(properties["AlarmName"]);

/** The alarms whose text tells on-call what to do. The others are halves of a composite, or slo-burning. */
export const tellingIn = (template: Synthesized): readonly Resource[] =>
  alarmsIn(template).filter(
    ({ properties }) => !/^(Half of|Any of|New code) /.test(String(properties["AlarmDescription"])),
  );

export const queriesOf = ({ properties }: Resource): readonly Query[] => (properties["Metrics"] ?? []) as Query[];

export function readingsOf(alarm: Resource): readonly Reading[] {
  const { properties } = alarm;
  const stats = queriesOf(alarm).flatMap(({ MetricStat: stat }) => stat ?? []);
  const plain = properties["MetricName"] === undefined ? [] : [plainStat(properties)];
  return [...stats, ...plain].map(({ Metric, Period, Unit }) => ({
    by: nameOf(alarm),
    namespace: Metric.Namespace,
    name: Metric.MetricName,
    unit: Unit,
    dimensions: Object.fromEntries((Metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
    periodSeconds: Period,
  }));
}

const plainStat = (properties: Properties): MetricStat => ({
  Period: Number(properties["Period"]),
  Stat: String(properties["Statistic"]),
  ...(typeof properties["Unit"] === "string" && { Unit: properties["Unit"] }),
  Metric: {
    Namespace: String(properties["Namespace"]),
    MetricName: String(properties["MetricName"]),
    Dimensions: properties["Dimensions"] as { Name: string; Value: unknown }[],
  },
});

/** The text after a deployment, with eu-central-1 as the region and `<LogicalId>` for any other reference. */
export function deployed(value: unknown): string {
  if (typeof value === "string") return value;
  const {
    Ref: ref,
    "Fn::Join": join,
    "Fn::GetAtt": attribute,
  } = value as {
    Ref?: string;
    "Fn::Join"?: [string, unknown[]];
    "Fn::GetAtt"?: [string, string];
  };
  if (ref === "AWS::Region") return "eu-central-1";
  if (ref !== undefined) return `<${ref}>`;
  if (attribute) return `<${attribute[0]}>`;
  if (join) return join[1].map(deployed).join(join[0]);
  throw new Error(`Unknown intrinsic function: ${JSON.stringify(value)}`);
}

interface Widget {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The dashboard's widgets, with references resolved by `deployed`. */
export function widgetsOf(template: Synthesized): readonly Widget[] {
  const { properties } = template.one("AWS::CloudWatch::Dashboard");
  return (JSON.parse(deployed(properties["DashboardBody"])) as { widgets: Widget[] }).widgets;
}
