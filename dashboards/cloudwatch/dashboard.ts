import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
  MathExpression,
  SingleValueWidget,
  TextWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { PANELS, type Panel } from "../catalogue/panels.ts";
import { budgetOf, type Slo, SLOS } from "../catalogue/slos.ts";
import { topHostsWidget } from "./contributors.ts";
import { hasMetric, metricOf, ourMetric, type Place } from "./metrics.ts";

const ROW = 24;
const SLO_WIDTH = 8;
const PANEL_WIDTH = 8;
const HEIGHT = 6;

/** Actual share, objective, and the rest of the budget: in percent, over the objective's own window. */
function sloWidget(place: Place, slo: Slo): IWidget {
  const period = Duration.days(slo.windowDays);
  const names = [...new Set([slo.bad, ...slo.total])];
  const idOf = (name: (typeof names)[number]): string => `m${names.indexOf(name)}`;
  const usingMetrics = Object.fromEntries(
    names.map((name) => [idOf(name), ourMetric(place, name, "Sum", period) as IMetric]),
  );
  const badShare = `FILL(${idOf(slo.bad)}, 0) / (${slo.total.map((name) => `FILL(${idOf(name)}, 0)`).join(" + ")})`;
  const line = (label: string, expression: string): IMetric =>
    new MathExpression({ expression, label, period, usingMetrics });
  return new SingleValueWidget({
    title: `${slo.title} (${slo.windowDays} d)`,
    width: SLO_WIDTH,
    height: 4,
    metrics: [
      line("actual %", `100 * (1 - ${badShare})`),
      line("objective %", `100 * ${slo.objective} + 0 * ${idOf(slo.total[0] ?? slo.bad)}`),
      line("budget left %", `100 * (1 - (${badShare}) / ${budgetOf(slo)})`),
    ],
  });
}

const panelWidget = (place: Place, { title, series, periodMinutes }: Panel): IWidget =>
  new GraphWidget({
    title,
    width: PANEL_WIDTH,
    height: HEIGHT,
    left: series.map((source) => metricOf(place, source, Duration.minutes(periodMinutes))),
  });

const HOST_RULES = ["hosts-waiting", "hosts-slowed", "hosts-failing"] as const;

const rowsOf = (widgets: readonly IWidget[], width: number): IWidget[][] =>
  Array.from({ length: Math.ceil(widgets.length / (ROW / width)) }, (_, row) =>
    widgets.slice(row * (ROW / width), (row + 1) * (ROW / width)),
  );

export function makeDashboard(
  scope: Construct,
  props: { readonly name: string; readonly place: Place; readonly alarms: readonly IAlarm[] },
): Dashboard {
  const { name, place, alarms } = props;
  return new Dashboard(scope, "Dashboard", {
    dashboardName: name,
    defaultInterval: Duration.days(1),
    widgets: [
      [
        new TextWidget({
          markdown: `# ${name}\nThe objectives, the alarms, and the metrics behind them.`,
          width: ROW,
          height: 2,
        }),
      ],
      ...rowsOf(
        SLOS.map((slo) => sloWidget(place, slo)),
        SLO_WIDTH,
      ),
      [new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: ROW, height: HEIGHT })],
      HOST_RULES.map((id) => topHostsWidget(place.prefix, id, { width: PANEL_WIDTH, height: HEIGHT })),
      ...rowsOf(
        PANELS.filter(({ series }) => series.every((source) => hasMetric(place, source))).map((panel) =>
          panelWidget(place, panel),
        ),
        PANEL_WIDTH,
      ),
    ],
  });
}
