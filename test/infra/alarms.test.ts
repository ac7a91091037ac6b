import { beforeAll, describe, expect, it } from "vitest";
import { METRIC_DIMENSION, METRIC_NAMESPACE, METRICS, type MetricName } from "../../core/telemetry/metrics.ts";
import { alarmsOf } from "../../dashboards/catalogue/alarms.ts";
import { ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { alarmsIn, deployed, nameOf, queriesOf, type Reading, readingsOf, tellingIn, widgetsOf } from "./monitored.ts";
import { type Synthesized, synthesized, temporaryFolder } from "./synthesize.ts";

const MONITORED = ["dev", "staging", "prod"] as const;
const LONGEST_TEXT = 1024;
const HOUR_S = 3600;
const DAY_S = 86_400;

const outdir = temporaryFolder();
const templates = {} as Record<(typeof MONITORED)[number] | "local", Synthesized>;

beforeAll(async () => {
  for (const name of [...MONITORED, "local"] as const) templates[name] = await synthesized(name, outdir);
});

const catalogueOf = (name: (typeof MONITORED)[number]) => {
  const { monitoring, ...environment } = ENVIRONMENTS[name];
  if (!monitoring) throw new Error(`${name} is not monitored.`);
  return alarmsOf({ ...environment, ...monitoring });
};

/** For each AWS metric that is read: the dimension it is published by, and the type of resource that it must name. */
const OF_AWS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "AWS/SQS ApproximateNumberOfMessagesVisible": { QueueName: "AWS::SQS::Queue" },
  "AWS/SQS ApproximateNumberOfMessagesNotVisible": { QueueName: "AWS::SQS::Queue" },
  "AWS/SQS ApproximateAgeOfOldestMessage": { QueueName: "AWS::SQS::Queue" },
  "AWS/SQS NumberOfMessagesDeleted": { QueueName: "AWS::SQS::Queue" },
  "AWS/Lambda Invocations": { FunctionName: "AWS::Lambda::Function" },
  "AWS/Lambda Errors": { FunctionName: "AWS::Lambda::Function" },
  "AWS/Lambda Throttles": { FunctionName: "AWS::Lambda::Function" },
  "AWS/Lambda Duration": { FunctionName: "AWS::Lambda::Function" },
  "AWS/Lambda IteratorAge": { FunctionName: "AWS::Lambda::Function" },
  "AWS/Lambda ConcurrentExecutions": { FunctionName: "AWS::Lambda::Function" },
  "AWS/DynamoDB ReadThrottleEvents": { TableName: "AWS::DynamoDB::Table" },
  "AWS/DynamoDB WriteThrottleEvents": { TableName: "AWS::DynamoDB::Table" },
  "AWS/DynamoDB ConsumedWriteCapacityUnits": { TableName: "AWS::DynamoDB::Table" },
  "AWS/DynamoDB TimeToLiveDeletedItemCount": { TableName: "AWS::DynamoDB::Table" },
};

/** By these alarms CodeDeploy judges new code. */
const judgesOf = (name: string): readonly string[] =>
  ["new-code-fails", "new-long-code-fails"].map((alarm) => `fetchonce-${name}-${alarm}`);

const logicalIdIn = (reference: unknown): string => deployed(reference).replace(/^<(.*)>$/, "$1");

function strangenessOf(template: Synthesized, environment: string, reading: Reading): string | undefined {
  const { namespace, name, unit, dimensions } = reading;
  if (namespace === METRIC_NAMESPACE) {
    const declared = METRICS[name as MetricName];
    const known = declared && (unit === undefined || declared.unit === unit);
    const here = JSON.stringify(dimensions) === JSON.stringify({ [METRIC_DIMENSION]: environment });
    return known && here
      ? undefined
      : `${name} ${unit} ${JSON.stringify(dimensions)} is not a metric that our handlers emit here`;
  }
  const { GlobalSecondaryIndexName: index, ...rest } = dimensions;
  const expected = OF_AWS[`${namespace} ${name}`];
  const types = Object.fromEntries(
    Object.entries(rest).map(([dimension, value]) => [
      dimension,
      template.resources.find(({ id }) => id === logicalIdIn(value))?.type,
    ]),
  );
  const isKnown = expected && JSON.stringify(types) === JSON.stringify(expected) && (index ?? "watch") === "watch";
  return isKnown
    ? undefined
    : `${namespace} ${name} ${JSON.stringify(dimensions)} is not a metric that AWS publishes for our resources`;
}

/**
 * The metrics of the widgets. A row is `[namespace, name, dimension, value, ..., { options }]`; "." repeats the cell
 * above.
 */
function widgetReadings(template: Synthesized): readonly Reading[] {
  return widgetsOf(template).flatMap(({ properties }) => {
    const rows = (properties["metrics"] ?? []) as unknown[][];
    let above: unknown[] = [];
    return rows.flatMap((row) => {
      const cells = row.filter((cell) => typeof cell === "string").map((cell, at) => (cell === "." ? above[at] : cell));
      if (cells.length === 0) return [];
      above = cells;
      const [namespace, name, ...pairs] = cells.map(String);
      const dimensions = Object.fromEntries(
        pairs.flatMap((dimension, at) => (at % 2 === 0 ? [[dimension, pairs[at + 1]]] : [])),
      );
      return [
        {
          by: String(properties["title"]),
          namespace: namespace ?? "",
          name: name ?? "",
          unit: undefined,
          dimensions,
          periodSeconds: 0,
        },
      ];
    });
  });
}

describe.each(MONITORED)("alarms in %s", (name) => {
  it("are exactly the alarms of the catalogue, the halves of those with two conditions, and slo-burning", () => {
    const expected = catalogueOf(name).map(({ id }) => `fetchonce-${name}-${id}`);
    expect(tellingIn(templates[name]).map(nameOf).sort()).toEqual(expected.sort());
    const halves = catalogueOf(name).flatMap(({ id, conditions }) =>
      conditions.length === 2 ? [`fetchonce-${name}-${id}-long`, `fetchonce-${name}-${id}-short`] : [],
    );
    const all = alarmsIn(templates[name]).map(nameOf);
    expect(all.filter((alarm) => !expected.includes(alarm)).sort()).toEqual(
      [...halves, `fetchonce-${name}-slo-burning`, ...(name === "dev" ? [] : judgesOf(name))].sort(),
    );
  });

  it("read only metrics that our handlers emit or AWS publishes, and only those of this environment", () => {
    const readings = alarmsIn(templates[name])
      .filter((alarm) => !judgesOf(name).includes(nameOf(alarm)))
      .flatMap(readingsOf);
    expect(readings.length).toBeGreaterThan(50);
    expect(readings.flatMap((reading) => strangenessOf(templates[name], name, reading) ?? [])).toEqual([]);
    const ours = readings.filter(({ namespace }) => namespace === METRIC_NAMESPACE);
    expect(ours.map(({ name: metric, unit }) => [metric, unit])).toEqual(
      ours.map(({ name: metric }) => [metric, METRICS[metric as MetricName].unit]),
    );
  });

  it("stay within CloudWatch's limits: 10 metrics, and a span of 1 day, or of 7 days for periods from 1 hour", () => {
    const beyond = templates[name].all("AWS::CloudWatch::Alarm").filter((alarm) => {
      const queries = queriesOf(alarm);
      const periods = queries.map(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? 0);
      const period = Math.max(Number(alarm.properties["Period"] ?? 0), ...periods);
      const span = period * Number(alarm.properties["EvaluationPeriods"]);
      return queries.length > 10 || period % 60 !== 0 || span > (period < HOUR_S ? DAY_S : 7 * DAY_S);
    });
    expect(beyond.map(nameOf)).toEqual([]);
  });

  it("combine the long and the short half of each burn with AND, and nothing else", () => {
    const burns = templates[name]
      .all("AWS::CloudWatch::CompositeAlarm")
      .filter((composite) => nameOf(composite) !== `fetchonce-${name}-slo-burning`);
    for (const composite of burns) {
      const halves = ["long", "short"].map((half) => {
        const found = templates[name]
          .all("AWS::CloudWatch::Alarm")
          .find((alarm) => nameOf(alarm) === `${nameOf(composite)}-${half}`);
        return `ALARM("<${found?.id}>")`;
      });
      expect(deployed(composite.properties["AlarmRule"])).toBe(`(${halves.join(" AND ")})`);
    }
  });

  it("describe what happened, what users feel and where to look, in the 1024 characters that CloudWatch keeps", () => {
    for (const alarm of tellingIn(templates[name])) {
      const text = deployed(alarm.properties["AlarmDescription"]);
      const id = nameOf(alarm).replace(`fetchonce-${name}-`, "");
      const { id: logs } = templates[name].one("AWS::Logs::LogGroup", "WorkerLogs");
      const console = "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#";
      expect(text).toMatch(/^What happened: [A-Z][^\n]{40,}\.\nWhat users feel: [A-Z][^\n]{20,}\.\n/);
      expect(text).toMatch(new RegExp(`\nRunbook: docs/runbooks/[a-z-]+\\.md#${id}\n`));
      expect(text).toContain(`\nDashboard: ${console}dashboards/dashboard/fetchonce-${name}-eu-central-1\n`);
      expect(text).toContain(`\nWorker's log: ${console}logsV2:log-groups/log-group/<${logs}>`);
      // Room for 150 more characters: a log group's generated name may be longer than its logical id, and the URL of
      // the runbooks longer than its default.
      expect(text.length + 150).toBeLessThanOrEqual(LONGEST_TEXT);
    }
  });

  it("hard-code no region, and neither does any other resource", () => {
    expect(JSON.stringify(templates[name].resources)).not.toMatch(/\b(us|eu|ap|sa|ca|me|af)-[a-z]+-\d\b/);
  });
});

describe("alarm notifications", () => {
  const actionsOf = (properties: Readonly<Record<string, unknown>>) => [
    properties["AlarmActions"] ?? [],
    properties["OKActions"] ?? [],
    properties["InsufficientDataActions"] ?? [],
  ];

  it.each(["staging", "prod"] as const)(
    "in %s go to the topic of the alarm's severity when it fires and when it clears; halves notify nobody",
    (name) => {
      const topics = {
        page: [{ Ref: templates[name].one("AWS::SNS::Topic", "MonitoringNotificationsPage").id }],
        ticket: [{ Ref: templates[name].one("AWS::SNS::Topic", "MonitoringNotificationsTicket").id }],
      };
      for (const { id, severity } of catalogueOf(name)) {
        const alarm = tellingIn(templates[name]).find((candidate) => nameOf(candidate) === `fetchonce-${name}-${id}`);
        expect(actionsOf(alarm?.properties ?? {})).toEqual([topics[severity], topics[severity], []]);
        expect(alarm?.properties["ActionsEnabled"]).not.toBe(false);
      }
      const telling = new Set(tellingIn(templates[name]));
      const halves = alarmsIn(templates[name]).filter((alarm) => !telling.has(alarm));
      expect(halves.map(({ properties }) => actionsOf(properties))).toEqual(halves.map(() => [[], [], []]));
    },
  );

  it("in dev are off: no alarm has an action, and no topic has a subscriber", () => {
    const alarms = alarmsIn(templates.dev);
    expect(alarms.length).toBeGreaterThan(30);
    for (const { properties } of alarms) {
      expect(actionsOf(properties)).toEqual([[], [], []]);
      expect(properties["ActionsEnabled"]).toBe(false);
    }
    expect(templates.dev.all("AWS::SNS::Subscription")).toEqual([]);
  });

  it("do not exist in local: the stack has no CloudWatch, SNS, KMS or saved-query resource", () => {
    expect(templates.local.resources.filter(({ type }) => /CloudWatch|SNS|KMS|Query/.test(type))).toEqual([]);
  });
});

describe("the dashboard of prod", () => {
  it("reads only metrics that our handlers emit or AWS publishes", () => {
    const readings = widgetReadings(templates.prod);
    expect(readings.length).toBeGreaterThan(30);
    expect(readings.flatMap((reading) => strangenessOf(templates.prod, "prod", reading) ?? [])).toEqual([]);
  });

  it("shows each objective and each alarm of the catalogue, and draws every metric in the stack's own region", () => {
    const widgets = widgetsOf(templates.prod);
    expect(
      widgets.filter(({ type, properties }) => type === "metric" && properties["view"] === "singleValue"),
    ).toHaveLength(6);
    const status = widgets.find(({ type }) => type === "alarm");
    expect(status?.properties["alarms"]).toEqual(
      catalogueOf("prod").map(({ id }) => {
        const alarm = tellingIn(templates.prod).find((candidate) => nameOf(candidate) === `fetchonce-prod-${id}`);
        return `<${alarm?.id}>`;
      }),
    );
    const regions = widgets.filter(({ type }) => type === "metric").map(({ properties }) => properties["region"]);
    expect(new Set(regions)).toEqual(new Set(["eu-central-1"]));
  });
});

describe("hosts", () => {
  const ruleOf = (id: string) => templates.prod.one("AWS::CloudWatch::InsightRule", `Monitoring${id}`);
  const logs = () =>
    ["WorkerLogs", "LongWorkerLogs"].map((name) => `<${templates.prod.one("AWS::Logs::LogGroup", name).id}>`);
  const byField = (field: string) => ({
    AggregateOn: "Sum",
    Contribution: {
      Keys: ["$.host"],
      ValueOf: `$.${field}`,
      Filters: [{ Match: `$.${field}`, IsPresent: true }],
    },
  });

  it.each([
    [
      "FailuresByHost",
      "failures-by-host",
      {
        AggregateOn: "Count",
        Contribution: {
          Keys: ["$.host"],
          Filters: [
            { Match: "$.event", In: ["job_state_changed"] },
            { Match: "$.to_state", In: ["FAILED"] },
          ],
        },
      },
    ],
    ["HostsWaiting", "hosts-waiting", byField("waiting")],
    ["HostsSlowed", "hosts-slowed", byField("slowed")],
    ["HostsFailing", "hosts-failing", byField("failing")],
  ])("are counted by the rule %s over the workers' logs", (id, name, rule) => {
    const { properties } = ruleOf(id);
    expect(properties).toMatchObject({ RuleName: `fetchonce-prod-${name}`, RuleState: "ENABLED" });
    expect(JSON.parse(deployed(properties["RuleBody"]))).toEqual({
      Schema: { Name: "CloudWatchLogRule", Version: 1 },
      LogGroupNames: logs(),
      LogFormat: "JSON",
      ...rule,
    });
  });

  it("that fail for good are what the alarm host-failing reads", () => {
    const alarm = templates.prod
      .all("AWS::CloudWatch::Alarm")
      .find((candidate) => nameOf(candidate) === "fetchonce-prod-host-failing");
    expect(alarm && queriesOf(alarm).map(({ Expression }) => Expression)).toEqual([
      expect.any(String),
      `INSIGHT_RULE_METRIC("${String(ruleOf("FailuresByHost").properties["RuleName"])}", "MaxContributorValue")`,
      undefined,
    ]);
  });

  it("that jobs wait for, that slow us down, and that fail are shown on the dashboard, the first ten of each", () => {
    const shown = widgetsOf(templates.prod).flatMap(({ properties }) => properties["insightRule"] ?? []);
    expect(shown).toEqual(
      ["waiting", "slowed", "failing"].map((what) => ({
        ruleName: `fetchonce-prod-hosts-${what}`,
        maxContributorCount: 10,
        orderBy: "Sum",
      })),
    );
  });
});
