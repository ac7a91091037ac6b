import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AWS_METRICS, type AwsMetricKey } from "../../../dashboards/catalogue/alarm.ts";
import { RESOURCES } from "../../../dashboards/grafana/resources.ts";
import { type Answer, type Checker, installChecker } from "./checker.ts";

const built = await installChecker();
if (!built) console.warn("Skipped: Grafana's schemas and Prometheus' engine. To build them, install Go.");

const read = async (name: string): Promise<string> =>
  readFile(new URL(`../../../dashboards/grafana/${name}`, import.meta.url), "utf8");
const CLOUDWATCH = await read("fetchonce.json");
/** AWS's plugin takes the queries of Grafana's Prometheus data source, whose schema the SDK has. */
const PROMETHEUS = (await read("fetchonce-prometheus.json")).replaceAll(
  "grafana-amazonprometheus-datasource",
  "prometheus",
);

describe.runIf(built)("the Grafana dashboards", () => {
  const checker = built as Checker;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fetchonce-grafana-"));
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));
  const schemaErrors = async (dashboard: string): Promise<string> => {
    const file = join(folder, "dashboard.json");
    await writeFile(file, dashboard);
    return checker.schemaErrors(file);
  };

  it("are valid by the schemas of Grafana's SDK, which know every field", async () => {
    expect(await schemaErrors(CLOUDWATCH)).toBe("");
    expect(await schemaErrors(PROMETHEUS)).toBe("");
  });

  it.each([
    { broken: "an unknown field of the dashboard", from: '"timezone"', to: '"timezoen"' },
    { broken: "an unknown field of a panel", from: '"transparent"', to: '"transparant"' },
    { broken: "an unknown field of a CloudWatch query", from: '"metricQueryType"', to: '"metricQuery"' },
    { broken: "an unknown field of a variable", from: '"regex"', to: '"regexp"' },
    { broken: "a panel without an option", from: '"showLegend": true,', to: "" },
    { broken: "a unit that is no text", from: '"unit": "percent"', to: '"unit": 5' },
    { broken: "a month too many", from: '"fiscalYearStartMonth": 0', to: '"fiscalYearStartMonth": 12' },
  ])("are not valid with $broken", async ({ from, to }) => {
    expect(CLOUDWATCH).toContain(from);
    expect(await schemaErrors(CLOUDWATCH.replace(from, to))).not.toBe("");
  });

  it("are not valid with an unknown field of a Prometheus query", async () => {
    expect(PROMETHEUS).toContain('"legendFormat"');
    expect(await schemaErrors(PROMETHEUS.replace('"legendFormat"', '"legend"'))).not.toBe("");
  });
});

/** By AWS's list of what OTel enrichment publishes as histograms. The rest are sums. */
const HISTOGRAMS = new Set([
  "ApproximateAgeOfOldestMessage",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesVisible",
  "ConcurrentExecutions",
  "Duration",
  "IteratorAge",
]);
/** Exponential histograms of scale 3: each bucket ends at this times its beginning. */
const BUCKET = 2 ** (1 / 8);

const MINUTES = [1, 2, 3, 4, 5] as const;
const KEYS = Object.keys(AWS_METRICS) as AwsMetricKey[];
const STACKS = ["fetchonce-prod", "fetchonce-staging-pipeline", "fetchonce-prod-pipeline"] as const;

/** The values of a metric's last five minutes. Those of different metrics differ by more than a bucket. */
const valuesOf = (key: AwsMetricKey): readonly number[] =>
  MINUTES.map((minute) => 1.5 ** (3 + KEYS.indexOf(key)) * (1 + minute / 50));

const pointOf = (value: number, isHistogram: boolean): string => {
  if (!isHistogram) return String(value);
  const bucket = Math.ceil(Math.log2(value) * 8);
  return `{{schema:3 count:1 sum:${value} offset:${bucket} buckets:[1] counter_reset_hint:gauge}}`;
};

/** A series as CloudWatch labels it. Its first point is older than the five minutes, and large. */
function seriesOf(key: AwsMetricKey): readonly string[] {
  const { namespace, name, of } = AWS_METRICS[key];
  if (of === "watchIndex") return [];
  const { dimension, logicalId } = RESOURCES[of];
  const stack = dimension === "FunctionName" ? STACKS[2] : STACKS[0];
  return [stack, STACKS[1]].map((each, other) => {
    const scale = other === 0 ? 1 : 7;
    const points = [1e9, ...valuesOf(key)].map((value) => pointOf(value * scale, HISTOGRAMS.has(name)));
    const scope = `cloudwatch.aws/${namespace.slice("AWS/".length).toLowerCase()}`;
    const labels = [
      `__name__="${name}"`,
      `"@instrumentation.@name"="${scope}"`,
      `"@resource.cloud.provider"="aws"`,
      `${dimension}="${each}-${logicalId}0A1B2C3D-xYz"`,
    ];
    return `  {${labels.join(", ")}} ${points.join(" ")}`;
  });
}

/** A maximum is the end of its bucket. */
function judged(legend: string, values: readonly number[]): { readonly lines: number; readonly isRight: boolean } {
  const [key, statistic] = legend.split(" ") as [AwsMetricKey, string];
  const wanted = valuesOf(key);
  const sum = wanted.reduce((total, each) => total + each, 0);
  const largest = Math.max(...wanted);
  const isRight = ([value = Number.NaN]: readonly number[]): boolean =>
    statistic === "Sum"
      ? Math.abs(value / sum - 1) < 1e-9
      : statistic === "Maximum" && value >= largest && value < largest * BUCKET;
  return { lines: values.length, isRight: isRight(values) };
}

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

describe.runIf(built)("the queries of the Prometheus dashboard", () => {
  const checker = built as Checker;
  const { panels } = JSON.parse(PROMETHEUS) as { readonly panels: readonly { readonly targets?: readonly Target[] }[] };
  const targets = panels.flatMap((panel) => panel.targets ?? []);
  const load = ["load 60s", ...KEYS.flatMap(seriesOf)].join("\n");
  const ask = async (queries: readonly string[]): Promise<readonly Answer[]> =>
    checker.query({ load, seconds: 300, queries: queries.map((each) => each.replaceAll("$environment", "prod")) });

  it("give one line each, with the statistic of the right resource's five minutes", async () => {
    const found = await ask(targets.map(({ expr }) => expr));
    expect(targets.length).toBeGreaterThan(20);
    expect(found.filter(({ error, annotations }) => error !== undefined || annotations.length > 0)).toEqual([]);
    expect(
      targets.map(({ legendFormat }, index) => ({ legendFormat, ...judged(legendFormat, found[index]?.values ?? []) })),
    ).toEqual(targets.map(({ legendFormat }) => ({ legendFormat, lines: 1, isRight: true })));
  });

  it("would show nothing if they took the maximum of a histogram as that of a number", async () => {
    const { expr } = targets.find(({ legendFormat }) => legendFormat === "messagesVisible Maximum") ?? { expr: "" };
    const wrong = expr.replace("histogram_quantile(1, sum(", "max(max_over_time(").replace("sum_over_time(", "(");
    const [found] = await ask([wrong]);
    expect(wrong).not.toBe(expr);
    expect([found?.error, found?.values]).toEqual([undefined, []]);
  });

  it("are refused by the engine if they are not PromQL", async () => {
    const [found] = await ask([`${targets[0]?.expr})`]);
    expect(found?.error).toMatch(/parse error/);
  });
});
