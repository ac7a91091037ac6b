/**
 * What the Grafana dashboards have in common. They are built with Grafana's own SDK, whose types are made from Grafana's
 * schemas. They are in the classic JSON model, which any Grafana imports.
 */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import type { PanelBuilder as TextBuilder } from "@grafana/grafana-foundation-sdk/text";
import { PanelBuilder as LinesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import type { Panel } from "../catalogue/panels.ts";

export type VariableBuilder = Builder<VariableModel>;
export type QueryBuilder = Builder<Dataquery>;
export type { LinesBuilder };

/** Grafana's grid has 24 columns. */
const WIDTH = 24;
export const PANEL_HEIGHT = 8;

const GRAFANA_UNITS = { count: "short", ms: "ms", s: "s" } as const;

export const linesPanel = ({ title, unit }: Panel, targets: readonly QueryBuilder[]): LinesBuilder =>
  new LinesBuilder()
    .title(title)
    .unit(GRAFANA_UNITS[unit])
    .targets([...targets])
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));

export const refIdOf = (index: number): string => "ABCDEFGHIJ".charAt(index);

interface Rows {
  readonly panels: readonly (LinesBuilder | StatBuilder | TextBuilder)[];
  readonly columns: 1 | 3;
  readonly height: number;
}

interface Frame {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly dataSource: { readonly type: string; readonly uid: string };
  readonly refresh: "1m" | "5m";
  readonly variables: readonly VariableBuilder[];
  /** From top to bottom. */
  readonly rows: readonly Rows[];
}

/** @returns the dashboard as JSON. Panel ids count up from 1. */
export function dashboardJson({ uid, title, description, dataSource, refresh, variables, rows }: Frame): string {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(["fetchonce"])
    .version(1)
    .timezone("utc")
    .refresh(refresh)
    .time({ from: "now-24h", to: "now" })
    .annotations([])
    .link(new DashboardLinkBuilder("fetchonce").type(DashboardLinkType.Dashboards).tags(["fetchonce"]))
    .variables([...variables]);
  let id = 1;
  let top = 0;
  for (const { panels, columns, height } of rows) {
    const w = WIDTH / columns;
    for (const [index, panel] of panels.entries()) {
      const y = top + Math.floor(index / columns) * height;
      dashboard.withPanel(
        panel
          .id(id)
          .datasource({ ...dataSource })
          .gridPos({ x: (index % columns) * w, y, w, h: height }),
      );
      id += 1;
    }
    top += Math.ceil(panels.length / columns) * height;
  }
  return `${JSON.stringify(dashboard.build(), undefined, 2)}\n`;
}
