/** Evaluates one metric alarm of a template, over a store of samples: the state that it has after a given minute. */
import { compileExpression, type Point, type Scope, type Series } from "./expression.ts";
import { type AlarmState, decide, type Decision } from "./state.ts";
import { keyOf, type MetricIdentity, type MetricStore, statisticOf } from "./store.ts";
import { insightRulesOf, type MetricAlarm, resolve, type Template } from "./template.ts";

/** What CloudWatch's manual leaves open. */
export interface Assumptions {
  /** How many periods beyond the evaluation periods are looked at for points. The manual's one example has 2. */
  readonly extraPeriods: number;
  /** Whether FILL makes points of a metric that has none at all. */
  readonly fillsEmptyMetrics: boolean;
  /** Whether alarms on DynamoDB's metrics ignore missing data always (API reference) or by default (user guide). */
  readonly dynamoDbAlwaysIgnores: boolean;
  /** How many minutes after their time samples arrive: ours, which come through a log, and AWS's own. */
  readonly late: { readonly ours: number; readonly aws: number };
}
export const USUAL: Assumptions = {
  extraPeriods: 2,
  fillsEmptyMetrics: true,
  dynamoDbAlwaysIgnores: false,
  late: { ours: 0, aws: 0 },
};

/** The namespace of the samples of contributors in the store: one metric per rule, one dimension per contributor. */
export const INSIGHTS = "InsightRule";

const DAY = 1440;
const WEEK = 7 * DAY;
/** 1 January 1970 was a Thursday; weeks begin on Monday. */
const FIRST_MONDAY = 4 * DAY;

export interface Evaluation {
  readonly evaluate: (minute: number, current: AlarmState) => AlarmState;
  /** Minutes between two evaluations, which take place at whole multiples of it. */
  readonly every: number;
  readonly periodMinutes: number;
  readonly metrics: readonly { readonly metric: MetricIdentity; readonly statistic: string }[];
}

const BREACHES: Readonly<
  Record<MetricAlarm["properties"]["ComparisonOperator"], (value: number, threshold: number) => boolean>
> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/** @throws Error when CloudWatch would refuse the alarm, or when the alarm uses what is not supported here. */
export function evaluationOf(
  template: Template,
  alarm: MetricAlarm,
  store: MetricStore,
  assumptions: Assumptions = USUAL,
): Evaluation {
  const { properties } = alarm;
  const { EvaluationPeriods: evaluationPeriods, Threshold: threshold } = properties;
  const datapointsToAlarm = properties.DatapointsToAlarm ?? evaluationPeriods;
  const compiler = new MetricCompiler(template, store, evaluationPeriods + assumptions.extraPeriods, assumptions);
  const { series, periodMinutes } = compiler.compiled(alarm);
  refuse(datapointsToAlarm > evaluationPeriods, alarm, "more datapoints than periods");
  const span = periodMinutes * evaluationPeriods;
  refuse(span > (periodMinutes < 60 ? DAY : WEEK), alarm, "its periods span too long a time");
  refuse(compiler.metrics.length > 10, alarm, "more than ten metrics");

  const isWallClock = "WallClockWindow" in properties.EvaluationWindow;
  refuse(
    isWallClock && ![1, 5, 60, DAY, WEEK].includes(periodMinutes),
    alarm,
    "no wall-clock window has such a period",
  );
  const ignoresMissing =
    compiler.metrics.some(({ metric }) => metric.namespace === "AWS/DynamoDB") &&
    (assumptions.dynamoDbAlwaysIgnores || properties.TreatMissingData === undefined);
  const decision: Decision = {
    evaluationPeriods,
    datapointsToAlarm,
    missingData: ignoresMissing ? "ignore" : (properties.TreatMissingData ?? "missing"),
  };
  const breaches = BREACHES[properties.ComparisonOperator];
  const range = evaluationPeriods + assumptions.extraPeriods;

  function* breaching(newest: number): Iterable<boolean | undefined> {
    for (let age = 0; age < range; age++) {
      const point: Point = series.at(newest - age * periodMinutes, newest);
      yield point === undefined ? undefined : breaches(point, threshold);
    }
  }
  const newestEnd = (minute: number): number =>
    isWallClock ? minute - ((minute - (periodMinutes === WEEK ? FIRST_MONDAY : 0)) % periodMinutes) : minute;

  return {
    evaluate: (minute, current) => decide(decision, breaching(newestEnd(minute)), current),
    // An alarm that spans more than a day is evaluated once an hour.
    every: span > DAY ? 60 : 1,
    periodMinutes,
    metrics: compiler.metrics,
  };
}

function refuse(when: boolean, { name }: MetricAlarm, why: string): void {
  if (when) throw new Error(`${name}: ${why}`);
}

class MetricCompiler {
  readonly metrics: { readonly metric: MetricIdentity; readonly statistic: string }[] = [];
  readonly #template: Template;
  readonly #store: MetricStore;
  readonly #range: number;
  readonly #assumptions: Assumptions;

  constructor(template: Template, store: MetricStore, range: number, assumptions: Assumptions) {
    this.#template = template;
    this.#store = store;
    this.#range = range;
    this.#assumptions = assumptions;
  }

  compiled(alarm: MetricAlarm): { series: Series; periodMinutes: number } {
    const { properties } = alarm;
    if (properties.Metrics !== undefined) return this.#math(alarm, properties.Metrics);
    const { Namespace, MetricName, Period } = properties;
    const statistic = properties.Statistic ?? properties.ExtendedStatistic;
    if (Namespace === undefined || MetricName === undefined || Period === undefined || statistic === undefined)
      throw new Error(`${alarm.name}: neither a metric nor an expression`);
    const periodMinutes = minutesOf(Period);
    const metric = this.#identity(Namespace, MetricName, properties.Dimensions);
    return { series: this.#metric(metric, statistic, periodMinutes), periodMinutes };
  }

  #math(
    alarm: MetricAlarm,
    entries: NonNullable<MetricAlarm["properties"]["Metrics"]>,
  ): { series: Series; periodMinutes: number } {
    const { Namespace, MetricName, Period, Statistic, ExtendedStatistic } = alarm.properties;
    const alone = [Namespace, MetricName, Period, Statistic, ExtendedStatistic];
    refuse(
      alone.some((part) => part !== undefined),
      alarm,
      "both a metric and an expression",
    );
    const periods = new Set(entries.flatMap(({ MetricStat, Period: own }) => MetricStat?.Period ?? own ?? []));
    const [period] = periods;
    if (period === undefined || periods.size > 1)
      throw new Error(`${alarm.name}: its metrics have ${periods.size} periods`);
    const periodMinutes = minutesOf(period);

    const metrics = new Map<string, Series>();
    for (const { Id, MetricStat } of entries) {
      if (MetricStat === undefined) continue;
      const { Namespace: namespace, MetricName: name, Dimensions } = MetricStat.Metric;
      const identity = { ...this.#identity(namespace, name, Dimensions), unit: MetricStat.Unit };
      metrics.set(Id, this.#metric(identity, MetricStat.Stat, periodMinutes));
    }
    const expressions = new Map(
      entries.flatMap(({ Id, Expression }) => (Expression === undefined ? [] : [[Id, Expression]])),
    );
    const scope = (open: readonly string[]): Scope => ({
      fillsEmptyMetrics: this.#assumptions.fillsEmptyMetrics,
      metrics: () => [...metrics.values()],
      insights: (rule, metric) => this.#insights(rule, metric, periodMinutes),
      series: (id) => {
        const expression = expressions.get(id);
        const series =
          metrics.get(id) ??
          (expression === undefined || open.includes(id)
            ? undefined
            : compileExpression(expression, scope([...open, id])));
        if (series === undefined) throw new Error(`${alarm.name}: ${id} is not defined, or defined by itself`);
        return series;
      },
    });
    const returned = entries.filter(({ ReturnData }) => ReturnData);
    const [only] = returned;
    if (only === undefined || returned.length > 1)
      throw new Error(`${alarm.name}: it watches ${returned.length} series`);
    return { series: scope([]).series(only.Id), periodMinutes };
  }

  #metric(metric: MetricIdentity, statistic: string, periodMinutes: number): Series {
    this.metrics.push({ metric, statistic });
    const key = keyOf(metric);
    const of = statisticOf(statistic);
    const store = this.#store;
    const range = this.#range;
    const late = this.#assumptions.late[metric.namespace.startsWith("AWS/") ? "aws" : "ours"];
    return {
      kind: "series",
      at: (end, newest) => store.statistic(key, of, end - periodMinutes, Math.min(end, newest - late)),
      isEmpty: (newest) =>
        store.statistic(key, { kind: "SampleCount" }, newest - range * periodMinutes, newest) === undefined,
    };
  }

  /** The sum of the largest contributor. */
  #insights(rule: string, metric: string, periodMinutes: number): Series {
    if (!insightRulesOf(this.#template).has(rule)) throw new Error(`there is no rule ${rule}`);
    if (metric !== "MaxContributorValue") throw new Error(`${metric} of a rule is not supported`);
    const store = this.#store;
    const late = this.#assumptions.late.ours;
    return {
      kind: "series",
      at: (end, newest) => {
        const sums = store
          .keysOf(INSIGHTS, rule)
          .map((key) => store.statistic(key, { kind: "Sum" }, end - periodMinutes, Math.min(end, newest - late)))
          .filter((sum) => sum !== undefined);
        return sums.length === 0 ? undefined : Math.max(...sums);
      },
    };
  }

  #identity(
    namespace: string,
    name: string,
    dimensions: readonly { readonly Name: string; readonly Value?: unknown }[],
  ): MetricIdentity {
    return {
      namespace,
      name,
      dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, resolve(this.#template, Value)])),
    };
  }
}

function minutesOf(seconds: number): number {
  if (seconds % 60 !== 0) throw new RangeError(`a period of ${seconds} s is not supported`);
  return seconds / 60;
}
