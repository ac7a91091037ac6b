/** The Grafana dashboard over CloudWatch's Prometheus-compatible endpoint: what AWS measures. */
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as TextBuilder } from "@grafana/grafana-foundation-sdk/text";
import { PANELS, type Panel } from "../catalogue/panels.ts";
import { dashboardJson, type LinesBuilder, linesPanel, PANEL_HEIGHT, type QueryBuilder, refIdOf } from "./frame.ts";
import { promqlOf } from "./promql.ts";
import { dataSourceVariable, environmentVariable } from "./variables.ts";

/** AWS's own plugin. It signs requests, as CloudWatch demands. */
const PLUGIN = "grafana-amazonprometheus-datasource";
const DATA_SOURCE = { type: PLUGIN, uid: "${datasource}" } as const;
/** The periods of five minutes in the longest range that CloudWatch answers, seven days: none is left out. */
const MOST_POINTS = 2016;

const MISSING = [
  "This dashboard shows what AWS measures of fetchonce. The objectives, fetchonce's own metrics, the hosts and the",
  "throttles of the table's index are in the dashboard **fetchonce**, over a CloudWatch data source: CloudWatch answers",
  "PromQL only for what arrives by OTLP and for what AWS's services publish.",
  "What to switch on, and what it costs: docs/grafana.md.",
].join("\n");

const queriesOf = ({ series, periodMinutes }: Panel): readonly QueryBuilder[] =>
  series.flatMap((source, index) => {
    const expr = promqlOf(source, periodMinutes * 60);
    if (expr === undefined || !("aws" in source)) return [];
    return new DataqueryBuilder()
      .refId(refIdOf(index))
      .datasource({ ...DATA_SOURCE })
      .expr(expr)
      .legendFormat(`${source.aws} ${source.statistic}`)
      .range();
  });

function panelsOf(panel: Panel): readonly LinesBuilder[] {
  const queries = queriesOf(panel);
  if (queries.length === 0) return [];
  return [linesPanel(panel, queries).interval(`${panel.periodMinutes}m`).maxDataPoints(MOST_POINTS)];
}

export const prometheusDashboard = (): string =>
  dashboardJson({
    uid: "fetchonce-prometheus",
    title: "fetchonce: AWS, by PromQL",
    description: "What AWS measures of fetchonce, over CloudWatch's PromQL. Generated from dashboards/catalogue.",
    dataSource: DATA_SOURCE,
    // As often as there is a new point. CloudWatch charges for what queries read.
    refresh: "5m",
    variables: [dataSourceVariable(PLUGIN), environmentVariable()],
    rows: [
      { panels: [new TextBuilder().title("What is not here").content(MISSING)], columns: 1, height: 4 },
      { panels: PANELS.flatMap(panelsOf), columns: 3, height: PANEL_HEIGHT },
    ],
  });
