/** The Grafana dashboard: panels over a CloudWatch data source, in the JSON model that Grafana 8 to 12 import. */
import { METRIC_DIMENSION, METRIC_NAMESPACE } from "../../core/telemetry/metrics.ts";
import { ruleNameOf } from "../catalogue/contributors.ts";
import { AWS_METRICS, type AwsResource, type MetricSource } from "../catalogue/alarm.ts";
import { PANELS } from "../catalogue/panels.ts";
import { budgetOf, type Slo, SLOS } from "../catalogue/slos.ts";
import { VARIABLES } from "./variables.ts";
import { WATCH_INDEX } from "../../core/model/keys.ts";

const DATA_SOURCE = { type: "cloudwatch", uid: `\${datasource}` } as const;
/** That of Grafana 12. Newer versions migrate what they import. */
const SCHEMA_VERSION = 41;
const WIDTH = 24;
const SLO_HEIGHT = 4;
const PANEL_HEIGHT = 8;

/** CloudWatch dimensions by resource. The values are the dashboard's template variables. */
const DIMENSIONS: Readonly<Record<AwsResource, Readonly<Record<string, string>>>> = {
  queue: { QueueName: "$queue" },
  longQueue: { QueueName: "$long_queue" },
  deadLetters: { QueueName: "$dead_letters" },
  worker: { FunctionName: "$worker" },
  longWorker: { FunctionName: "$long_worker" },
  reconciler: { FunctionName: "$reconciler" },
  announcer: { FunctionName: "$announcer" },
  archiver: { FunctionName: "$archiver" },
  streamDeadLetters: { QueueName: "$stream_dead_letters" },
  rollout: { FunctionName: "$rollout" },
  table: { TableName: "$table" },
  watchIndex: { TableName: "$table", GlobalSecondaryIndexName: WATCH_INDEX },
};

const refIdOf = (index: number): string => "ABCDEFGHIJ".charAt(index);

const query = (index: number, parts: object): object => ({
  refId: refIdOf(index),
  id: `q${index}`,
  datasource: DATA_SOURCE,
  queryMode: "Metrics",
  region: "$region",
  metricQueryType: 0,
  matchExact: true,
  label: "",
  expression: "",
  ...parts,
});

const BUILDER = { metricEditorMode: 0 } as const;
const CODE = { metricEditorMode: 1, namespace: "", metricName: "", dimensions: {}, statistic: "Average" } as const;

function queryOf(source: MetricSource, index: number, seconds: number): object {
  const period = String(seconds);
  if ("contributors" in source) {
    const rule = ruleNameOf("fetchonce-$environment", source.contributors);
    const expression = `INSIGHT_RULE_METRIC("${rule}", "${source.statistic}")`;
    return query(index, { ...CODE, expression, label: source.contributors, period });
  }
  if ("ours" in source) {
    return query(index, {
      ...BUILDER,
      namespace: METRIC_NAMESPACE,
      metricName: source.ours,
      dimensions: { [METRIC_DIMENSION]: "$environment" },
      statistic: source.statistic,
      label: `${source.ours} ${source.statistic}`,
      period,
    });
  }
  const { namespace, name, of } = AWS_METRICS[source.aws];
  return query(index, {
    ...BUILDER,
    namespace,
    metricName: name,
    dimensions: DIMENSIONS[of],
    statistic: source.statistic,
    label: `${source.aws} ${source.statistic}`,
    period,
  });
}

function sloTargets(slo: Slo): readonly object[] {
  const seconds = slo.windowDays * 86_400;
  const names = [...new Set([slo.bad, ...slo.total])];
  const metrics = names.map((name, index) => ({
    ...queryOf({ ours: name, statistic: "Sum" }, index, seconds),
    hide: true,
  }));
  const idOf = (name: (typeof names)[number]): string => `FILL(q${names.indexOf(name)}, 0)`;
  const badShare = `${idOf(slo.bad)} / (${slo.total.map(idOf).join(" + ")})`;
  const lines = [
    { label: "actual %", expression: `100 * (1 - ${badShare})` },
    { label: "objective %", expression: `100 * ${slo.objective} + 0 * ${idOf(slo.bad)}` },
    { label: "budget left %", expression: `100 * (1 - (${badShare}) / ${budgetOf(slo)})` },
  ];
  return [
    ...metrics,
    ...lines.map((line, index) => query(names.length + index, { ...CODE, ...line, period: String(seconds) })),
  ];
}

interface Box {
  readonly type: "stat" | "timeseries";
  readonly title: string;
  readonly unit: string;
  readonly targets: readonly object[];
  readonly options: object;
  readonly timeFrom?: string;
}

const sloBox = (slo: Slo): Box => ({
  type: "stat",
  title: `${slo.title} (${slo.windowDays} d)`,
  unit: "percent",
  targets: sloTargets(slo),
  timeFrom: `${2 * slo.windowDays}d`,
  options: {
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    textMode: "value_and_name",
    colorMode: "none",
    graphMode: "none",
    orientation: "vertical",
  },
});

const GRAFANA_UNITS = { count: "short", ms: "ms", s: "s" } as const;

const panelBoxes = (): readonly Box[] =>
  PANELS.map(({ title, unit, periodMinutes, series }) => ({
    type: "timeseries",
    title,
    unit: GRAFANA_UNITS[unit],
    targets: series.map((source, index) => queryOf(source, index, periodMinutes * 60)),
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
  }));

/** Places the boxes in rows of `columns`, from grid line `top` on. Panel ids count up from `firstId`. */
const placed = (boxes: readonly Box[], columns: number, height: number, top: number, firstId: number): object[] =>
  boxes.map(({ unit, ...box }, index) => ({
    id: firstId + index,
    ...box,
    datasource: DATA_SOURCE,
    gridPos: {
      x: (index % columns) * (WIDTH / columns),
      y: top + Math.floor(index / columns) * height,
      w: WIDTH / columns,
      h: height,
    },
    fieldConfig: { defaults: { unit }, overrides: [] },
  }));

function grafanaDashboard(): object {
  const slos = SLOS.map(sloBox);
  const sloLines = Math.ceil(slos.length / 3) * SLO_HEIGHT;
  return {
    uid: "fetchonce",
    title: "fetchonce",
    description: "The objectives, and the metrics behind them. Generated from dashboards/catalogue.",
    tags: ["fetchonce"],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    timezone: "utc",
    refresh: "1m",
    time: { from: "now-24h", to: "now" },
    annotations: { list: [] },
    links: [],
    templating: { list: VARIABLES },
    panels: [...placed(slos, 3, SLO_HEIGHT, 0, 1), ...placed(panelBoxes(), 3, PANEL_HEIGHT, sloLines, slos.length + 1)],
  };
}

export const grafanaJson = (): string => `${JSON.stringify(grafanaDashboard(), undefined, 2)}\n`;
