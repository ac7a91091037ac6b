/** The Grafana dashboard over a CloudWatch data source: the objectives, and all panels of the catalogue. */
import {
  MetricEditorMode,
  MetricQueryType,
  MetricsQueryBuilder,
  QueryMode,
} from "@grafana/grafana-foundation-sdk/cloudwatch";
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { WATCH_INDEX } from "../../core/model/keys.ts";
import { METRIC_DIMENSION, METRIC_NAMESPACE } from "../../core/telemetry/metrics.ts";
import { AWS_METRICS, type AwsResource, type MetricSource, percent } from "../catalogue/alarm.ts";
import { ruleNameOf } from "../catalogue/contributors.ts";
import { PANELS } from "../catalogue/panels.ts";
import { budgetOf, type Slo, SLOS } from "../catalogue/slos.ts";
import { dashboardJson, linesPanel, PANEL_HEIGHT, type QueryBuilder, refIdOf } from "./frame.ts";
import { RESOURCES } from "./resources.ts";
import { cloudWatchVariables } from "./variables.ts";

const DATA_SOURCE = { type: "cloudwatch", uid: "${datasource}" } as const;
const SLO_HEIGHT = 4;

/** The values are the dashboard's variables. */
function dimensionsOf(resource: AwsResource): Record<string, string> {
  if (resource === "watchIndex") return { ...dimensionsOf("table"), GlobalSecondaryIndexName: WATCH_INDEX };
  const { dimension, variable } = RESOURCES[resource];
  return { [dimension]: `$${variable}` };
}

const query = (index: number, seconds: number): MetricsQueryBuilder =>
  new MetricsQueryBuilder()
    .refId(refIdOf(index))
    .id(`q${index}`)
    .datasource({ ...DATA_SOURCE })
    .queryMode(QueryMode.Metrics)
    .region("$region")
    .metricQueryType(MetricQueryType.Search)
    .matchExact(true)
    .period(String(seconds));

interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Record<string, string>;
  readonly statistic: string;
  readonly label: string;
}

const metricQuery = (index: number, seconds: number, metric: Metric): MetricsQueryBuilder =>
  query(index, seconds)
    .metricEditorMode(MetricEditorMode.Builder)
    .expression("")
    .namespace(metric.namespace)
    .metricName(metric.name)
    .dimensions(metric.dimensions)
    .statistic(metric.statistic)
    .label(metric.label);

const expressionQuery = (index: number, seconds: number, label: string, expression: string): MetricsQueryBuilder =>
  query(index, seconds)
    .metricEditorMode(MetricEditorMode.Code)
    .namespace("")
    .metricName("")
    .dimensions({})
    .statistic("Average")
    .label(label)
    .expression(expression);

function queryOf(source: MetricSource, index: number, seconds: number): MetricsQueryBuilder {
  if ("contributors" in source) {
    const rule = ruleNameOf("fetchonce-$environment", source.contributors);
    const expression = `INSIGHT_RULE_METRIC("${rule}", "${source.statistic}")`;
    return expressionQuery(index, seconds, source.contributors, expression);
  }
  const { statistic } = source;
  if ("ours" in source) {
    return metricQuery(index, seconds, {
      namespace: METRIC_NAMESPACE,
      name: source.ours,
      dimensions: { [METRIC_DIMENSION]: "$environment" },
      statistic,
      label: `${source.ours} ${statistic}`,
    });
  }
  const { namespace, name, of } = AWS_METRICS[source.aws];
  const label = `${source.aws} ${statistic}`;
  return metricQuery(index, seconds, { namespace, name, dimensions: dimensionsOf(of), statistic, label });
}

function sloQueries(slo: Slo): readonly QueryBuilder[] {
  const seconds = slo.windowDays * 86_400;
  const names = [...new Set([slo.bad, ...slo.total])];
  const metrics = names.map((ours, index) => queryOf({ ours, statistic: "Sum" }, index, seconds).hide(true));
  const idOf = (name: (typeof names)[number]): string => `FILL(q${names.indexOf(name)}, 0)`;
  const badShare = `${idOf(slo.bad)} / (${slo.total.map(idOf).join(" + ")})`;
  const lines = [
    { label: "actual %", expression: `100 * (1 - ${badShare})` },
    { label: "objective %", expression: `100 * ${slo.objective} + 0 * ${idOf(slo.bad)}` },
    { label: "budget left %", expression: `100 * (1 - (${badShare}) / ${budgetOf(slo)})` },
  ];
  return [
    ...metrics,
    ...lines.map(({ label, expression }, index) => expressionQuery(names.length + index, seconds, label, expression)),
  ];
}

const sloPanel = (slo: Slo): StatBuilder =>
  new StatBuilder()
    .title(`${slo.title} (${slo.windowDays} d)`)
    .description(
      `At least ${percent(slo.objective)} over ${slo.windowDays} d. ${slo.summary} Runbook: docs/runbooks/${slo.runbook}.md`,
    )
    .unit("percent")
    .targets([...sloQueries(slo)])
    .timeFrom(`${2 * slo.windowDays}d`)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("").values(false))
    .textMode(BigValueTextMode.ValueAndName)
    .colorMode(BigValueColorMode.None)
    .graphMode(BigValueGraphMode.None)
    .orientation(VizOrientation.Vertical);

export const cloudWatchDashboard = (): string =>
  dashboardJson({
    uid: "fetchonce",
    title: "fetchonce",
    description: "The objectives, and the metrics behind them. Generated from dashboards/catalogue.",
    dataSource: DATA_SOURCE,
    refresh: "1m",
    variables: cloudWatchVariables(),
    rows: [
      { panels: SLOS.map(sloPanel), columns: 3, height: SLO_HEIGHT },
      {
        panels: PANELS.map((panel) =>
          linesPanel(
            panel,
            panel.series.map((source, index) => queryOf(source, index, panel.periodMinutes * 60)),
          ),
        ),
        columns: 3,
        height: PANEL_HEIGHT,
      },
    ],
  });
