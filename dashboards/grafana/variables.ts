import { VariableRefresh } from "@grafana/grafana-foundation-sdk/dashboard";
import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { AWS_METRICS } from "../catalogue/alarm.ts";
import type { VariableBuilder } from "./frame.ts";
import { RESOURCES } from "./resources.ts";

/** @param plugin the type of data sources to choose from. */
export const dataSourceVariable = (plugin: string): VariableBuilder =>
  new DatasourceVariableBuilder("datasource").label("Data source").type(plugin);

const ENVIRONMENTS = ["prod", "staging", "dev"] as const;

export const environmentVariable = (): VariableBuilder =>
  new CustomVariableBuilder("environment")
    .label("Environment")
    .values(ENVIRONMENTS.join(","))
    .options(ENVIRONMENTS.map((value, index) => ({ text: value, value, selected: index === 0 })))
    .current({ text: ENVIRONMENTS[0], value: ENVIRONMENTS[0] });

const cloudWatchVariable = (
  name: string,
  label: string,
  query: Readonly<Record<string, unknown>>,
): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource({ type: "cloudwatch", uid: "${datasource}" })
    .query({ refId: "CloudWatchVariableQueryEditor-VariableQuery", ...query });

/** The values of a dimension that are names of the stack's resource with that logical id. */
const resourceVariables = (): readonly VariableBuilder[] =>
  Object.values(RESOURCES).map(({ variable, label, metric, dimension, logicalId }) => {
    const { namespace, name } = AWS_METRICS[metric];
    return cloudWatchVariable(variable, label, {
      queryType: "dimensionValues",
      region: "$region",
      namespace,
      metricName: name,
      dimensionKey: dimension,
      dimensionFilters: {},
    })
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .regex(`/^fetchonce-$environment(-pipeline)?-${logicalId}/`);
  });

export const cloudWatchVariables = (): readonly VariableBuilder[] => [
  dataSourceVariable("cloudwatch"),
  cloudWatchVariable("region", "Region", { queryType: "regions" })
    .refresh(VariableRefresh.OnDashboardLoad)
    // The data source's own default region.
    .current({ text: "default", value: "default" }),
  environmentVariable(),
  ...resourceVariables(),
];
