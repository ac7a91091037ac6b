/** The evaluator against the examples of CloudWatch's manual. What they leave open is not asserted. */
import { describe, expect, test } from "vitest";
import type { Point } from "./expression.ts";
import { type AlarmState, decide, type MissingData } from "./state.ts";
import { USUAL } from "./metric-alarm.ts";
import { keyOf, MetricStore, statisticOf } from "./store.ts";
import { type Template } from "./template.ts";
import { Watch } from "./watch.ts";

const RETAINED = "retained";
type Expected = readonly [missing: string, ignore: string, breaching: string, notBreaching: string];
const TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"] as const satisfies readonly MissingData[];

/** "Configuring how CloudWatch alarms treat missing data": oldest point first, 0 within, X breaching, - missing. */
describe("missing data is treated as in the tables of CloudWatch's manual", () => {
  const three = { datapointsToAlarm: 3, evaluationPeriods: 3 };
  const twoOfThree = { datapointsToAlarm: 2, evaluationPeriods: 3 };
  const NOTHING: Expected = ["INSUFFICIENT_DATA", RETAINED, "ALARM", "OK"];
  const always = (state: AlarmState): Expected => [state, state, state, state];
  const table: readonly [rule: typeof three, points: string, expected: Expected][] = [
    [three, "0 - X - X", always("OK")],
    [three, "0 - - - -", always("OK")],
    [three, "- - - - -", NOTHING],
    [three, "0 X X - X", always("ALARM")],
    [three, "- - X - -", ["ALARM", RETAINED, "ALARM", "OK"]],
    [three, "X - - - -", ["ALARM", RETAINED, "ALARM", "OK"]],
    [three, "- - - - X", NOTHING],
    [twoOfThree, "0 - X - X", always("ALARM")],
    [twoOfThree, "0 0 X 0 X", always("ALARM")],
    [twoOfThree, "0 - X - -", ["OK", "OK", "ALARM", "OK"]],
    [twoOfThree, "- - - - 0", ["OK", "OK", "ALARM", "OK"]],
    [twoOfThree, "- - - X -", ["ALARM", RETAINED, "ALARM", "OK"]],
    [twoOfThree, "- - - - X", NOTHING],
  ];
  const cases = table.flatMap(([rule, points, expected]) =>
    TREATMENTS.map((missingData, column) => ({ rule, points, missingData, expected: expected[column] })),
  );
  test.each(cases)(
    "$rule.datapointsToAlarm of $rule.evaluationPeriods, points $points, as $missingData: $expected",
    ({ rule, points, missingData, expected }) => {
      const newestFirst = points
        .split(" ")
        .reverse()
        .map((point) => (point === "-" ? undefined : point === "X"));
      for (const current of ["OK", "ALARM", "INSUFFICIENT_DATA"] as const)
        expect(decide({ ...rule, missingData }, newestFirst, current)).toBe(expected === RETAINED ? current : expected);
    },
  );
});

describe("statistics of a period", () => {
  const metric = { namespace: "n", name: "m", dimensions: {} };
  const store = new MetricStore();
  for (const [minute, value, times] of [
    [100, 5, 1],
    [101, 1, 2],
    [101, 7, 1],
    [104, 100, 1],
  ] as const)
    store.add(metric, minute, value, times);
  const of = (statistic: string, from: number, to: number) =>
    store.statistic("n m  ", statisticOf(statistic), from, to);
  test.each<[statistic: string, from: number, to: number, expected: Point]>([
    ["Sum", 100, 102, 14],
    ["Sum", 101, 102, 9],
    ["Sum", 102, 104, undefined],
    ["Sum", 0, 1000, 114],
    ["SampleCount", 100, 102, 4],
    ["Average", 100, 102, 3.5],
    ["Minimum", 100, 105, 1],
    ["Maximum", 100, 105, 100],
    ["Maximum", 102, 103, undefined],
    ["p0", 100, 102, 1],
    ["p50", 100, 102, 3],
    ["p100", 100, 102, 7],
    ["p90", 100, 102, 6.4],
    ["p99.9", 104, 105, 100],
  ])("%s of minutes %i to %i is %s", (statistic, from, to, expected) => {
    const actual = of(statistic, from, to);
    expect(actual === undefined ? undefined : Number(actual.toFixed(9))).toBe(expected);
  });

  test("a sample that is added after a reading counts in the next reading", () => {
    const growing = new MetricStore();
    for (const total of [1, 2, 3]) {
      growing.add(metric, 3, 1);
      expect(growing.statistic("n m  ", statisticOf("Sum"), 0, 10)).toBe(total);
    }
  });

  test("a reading that names a unit sees only the samples of that unit", () => {
    const mixed = new MetricStore();
    mixed.add({ ...metric, unit: "Count" }, 1, 5);
    mixed.add(metric, 2, 7);
    const sum = (unit?: string) => mixed.statistic(keyOf({ ...metric, unit }), statisticOf("Sum"), 0, 9);
    expect([sum("Count"), sum("Milliseconds"), sum()]).toEqual([5, undefined, 12]);
  });

  test.each(["p101", "tm99", "IQM", "sum"])("the statistic %s is refused", (text) =>
    expect(() => statisticOf(text)).toThrow(/is not supported/),
  );
});

const alarm = (properties: object): Template["Resources"][string] => ({
  Type: "AWS::CloudWatch::Alarm",
  Properties: {
    Namespace: "n",
    MetricName: "m",
    Statistic: "Sum",
    Period: 300,
    EvaluationPeriods: 1,
    Threshold: 10,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    TreatMissingData: "notBreaching",
    ...properties,
  },
});
const watched = (
  properties: object,
  samples: readonly (readonly [minute: number, value: number])[],
  only?: readonly string[],
): Watch => {
  const store = new MetricStore();
  for (const [minute, value] of samples) store.add({ namespace: "n", name: "m", dimensions: {} }, minute, value);
  return new Watch({ Resources: { A: alarm(properties) } }, store, only);
};

describe("windows", () => {
  test("a sliding window moves with every evaluation, and an old point counts while there is no newer one", () => {
    const changes = watched({}, [[7, 10]]).run(1, 60);
    // The sample is seen from minute 8 on. It leaves the newest period at 13, and the third newest at 23.
    expect(changes).toEqual([
      { minute: 1, alarm: "A", to: "OK" },
      { minute: 8, alarm: "A", to: "ALARM" },
      { minute: 23, alarm: "A", to: "OK" },
    ]);
  });

  test("a wall-clock window sees only whole periods of the clock", () => {
    const wallClock = { EvaluationWindow: { WallClockWindow: {} } };
    // A sum of 6 in each of two wall-clock periods, and of 12 in one sliding period.
    const split = [
      [4, 6],
      [5, 6],
    ] as const;
    expect(watched({}, split).run(1, 20)).toContainEqual({ minute: 6, alarm: "A", to: "ALARM" });
    expect(watched(wallClock, split).run(1, 20)).not.toContainEqual(expect.objectContaining({ to: "ALARM" }));
    expect(watched(wallClock, [[5, 12]]).run(1, 20)).toContainEqual({ minute: 10, alarm: "A", to: "ALARM" });
  });

  test("a wall-clock week begins on Monday", () => {
    const monday = 4 * 1440;
    const week = { Period: 604_800, EvaluationWindow: { WallClockWindow: { Timezone: "UTC" } } };
    const changes = watched(week, [[monday + 100, 12]]).run(monday, monday + 8 * 1440);
    expect(changes).toContainEqual({ minute: monday + 7 * 1440, alarm: "A", to: "ALARM" });
  });

  test("an alarm that spans more than a day is evaluated once an hour", () => {
    const changes = watched({ Period: 86_400, EvaluationPeriods: 2, DatapointsToAlarm: 1 }, [[61, 12]]).run(60, 200);
    expect(changes.map(({ minute }) => minute)).toEqual([60, 120]);
  });
});

describe("composite alarms", () => {
  const template = (rule: unknown): Template => ({
    Resources: {
      Named: alarm({ AlarmName: "first" }),
      Unnamed: alarm({ Threshold: 20 }),
      Both: { Type: "AWS::CloudWatch::CompositeAlarm", Properties: { AlarmName: "both", AlarmRule: rule } },
    },
  });
  const store = new MetricStore();
  store.add({ namespace: "n", name: "m", dimensions: {} }, 5, 15);
  store.add({ namespace: "n", name: "m", dimensions: {} }, 8, 15);
  test.each<[name: string, rule: unknown]>([
    ["by name", 'ALARM("first") AND ALARM("Unnamed")'],
    [
      "by ARN",
      { "Fn::Join": ["", ['ALARM("', { "Fn::GetAtt": ["Named", "Arn"] }, '") AND ALARM(', { Ref: "Unnamed" }, ")"]] },
    ],
    ["by Fn::Sub", { "Fn::Sub": 'ALARM("${Named.Arn}") AND ALARM("${Unnamed}")' }],
  ])("follow their children, referred to %s", (_name, rule) => {
    const watch = new Watch(template(rule), store, ["both"]);
    const alarms = watch.run(1, 12).filter(({ to }) => to === "ALARM");
    expect(alarms.map(({ minute, alarm: name }) => [minute, name])).toEqual([
      [6, "first"],
      [9, "Unnamed"],
      [9, "both"],
    ]);
  });

  test("follow composites as well, in any order, but not three deep", () => {
    const composite = (AlarmName: string, AlarmRule: string) => ({
      Type: "AWS::CloudWatch::CompositeAlarm",
      Properties: { AlarmName, AlarmRule },
    });
    const over = composite("over", 'ALARM("both")');
    const { Resources } = template('ALARM("first") AND ALARM("Unnamed")');
    const watch = new Watch({ Resources: { Over: over, ...Resources } }, store, ["over"]);
    expect(watch.run(1, 12).findLast(({ to }) => to === "ALARM")).toMatchObject({ minute: 9, alarm: "over" });
    const deeper = { ...Resources, Over: over, Deeper: composite("deeper", 'ALARM("over")') };
    expect(() => new Watch({ Resources: deeper }, store)).toThrow("deeper: composites three deep");
  });

  test.each<[what: string, rule: unknown, why: RegExp]>([
    ["an alarm that does not exist", 'ALARM("third")', /third, which is no alarm/],
    ["a resource that does not exist", { "Fn::Sub": 'ALARM("${Third.Arn}")' }, /no resource Third/],
    ["an unsupported attribute", { "Fn::Sub": 'ALARM("${Named.Color}")' }, /attribute Color/],
    ["an unsupported intrinsic function", { "Fn::ImportValue": "rule" }, /cannot resolve/],
  ])("are refused for %s", (_what, rule, why) => expect(() => new Watch(template(rule), store)).toThrow(why));
});

describe("an alarm that CloudWatch would refuse, or that is not supported, is an error", () => {
  const query = (id: string, period = 60) => ({
    Id: id,
    ReturnData: false,
    MetricStat: { Metric: { Namespace: "n", MetricName: id }, Period: period, Stat: "Sum" },
  });
  const math = (...metrics: object[]) => ({
    ...Object.fromEntries(["Namespace", "MetricName", "Statistic", "Period"].map((name) => [name, undefined])),
    Metrics: metrics,
  });
  const sum = { Id: "e", Expression: "a + b" };
  const eleven = Array.from({ length: 11 }, (_, index) => query(`m${index}`));
  test("but the valid alarm that the cases below change is accepted", () =>
    expect(() => watched(math(query("a"), query("b"), sum), [])).not.toThrow(/./));
  test.each<[what: string, properties: object, why: RegExp]>([
    ["an unknown property", { Surprise: 1 }, /Surprise/],
    ["an anomaly band", { ThresholdMetricId: "band" }, /ThresholdMetricId/],
    ["a time zone", { EvaluationWindow: { WallClockWindow: { Timezone: "Europe/Berlin" } } }, /Timezone/],
    ["a period of ten seconds", { Period: 10 }, /a period of 10 s/],
    ["more than a day of minutes", { Period: 60, EvaluationPeriods: 1441 }, /too long/],
    ["more than a week", { Period: 86_400, EvaluationPeriods: 8 }, /too long/],
    ["4 datapoints of 3 periods", { EvaluationPeriods: 3, DatapointsToAlarm: 4 }, /more datapoints than periods/],
    [
      "a wall-clock period of six hours",
      { Period: 21_600, EvaluationWindow: { WallClockWindow: {} } },
      /no wall-clock window/,
    ],
    ["no statistic", { Statistic: undefined }, /neither a metric nor an expression/],
    ["a metric and an expression", { Metrics: [query("a"), query("b"), sum] }, /both a metric and an expression/],
    ["two periods", math(query("a"), query("b", 300), sum), /2 periods/],
    ["nothing returned", math(query("a"), query("b"), { ...sum, ReturnData: false }), /watches 0 series/],
    ["two series returned", math(query("a"), { ...query("b"), ReturnData: true }, sum), /watches 2 series/],
    ["an unknown id", math(query("a"), sum), /b is not defined/],
    ["an expression of itself", math(query("a"), { Id: "e", Expression: "a + e" }), /e is not defined/],
    ["eleven metrics", math(...eleven, { Id: "e", Expression: "SUM(METRICS())" }), /more than ten metrics/],
  ])("%s", (_what, properties, why) => expect(() => watched(properties, [])).toThrow(why));
});

test.each([
  ["whatever it says", true, "notBreaching", "ALARM"],
  ["unless it says otherwise", false, "notBreaching", "OK"],
  ["by default", false, undefined, "ALARM"],
])(
  "an alarm on DynamoDB's own metrics ignores missing data %s",
  (_what, dynamoDbAlwaysIgnores, treatment, expected) => {
    const store = new MetricStore();
    store.add({ namespace: "AWS/DynamoDB", name: "m", dimensions: {} }, 5, 15);
    const properties = { Namespace: "AWS/DynamoDB", TreatMissingData: treatment };
    const assumptions = { ...USUAL, dynamoDbAlwaysIgnores };
    const watch = new Watch({ Resources: { A: alarm(properties) } }, store, undefined, assumptions);
    watch.run(1, 500);
    expect(watch.stateOf("A")).toBe(expected);
  },
);
