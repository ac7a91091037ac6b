import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { METRIC_NAMESPACE, METRICS } from "../../core/telemetry/metrics.ts";
import { AWS_METRICS, type AwsResource } from "../../dashboards/catalogue/alarm.ts";
import { PANELS } from "../../dashboards/catalogue/panels.ts";
import { SLOS } from "../../dashboards/catalogue/slos.ts";
import { RESOURCES } from "../../dashboards/grafana/resources.ts";
import { type Synthesized, synthesized, temporaryFolder } from "./synthesize.ts";

interface Box<Target> {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly options: { readonly legend?: { readonly showLegend: boolean }; readonly content?: string };
  readonly targets?: readonly Target[];
  readonly interval?: string;
}

interface Dashboard<Target> {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Box<Target>[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

const read = <Target>(name: string): Dashboard<Target> =>
  JSON.parse(readFileSync(new URL(`../../dashboards/grafana/${name}`, import.meta.url), "utf8")) as Dashboard<Target>;

const declaredVariables = ({ templating }: Dashboard<unknown>): ReadonlySet<string> =>
  new Set(templating.list.map(({ name }) => name));

const usedVariables = ({ panels }: Dashboard<unknown>): ReadonlySet<string> =>
  new Set([...JSON.stringify(panels).matchAll(/\$\{?([a-z_]+)\}?/g)].map(([, name = ""]) => name));

/** No panel overlaps another, the widest row is as wide as the page, and ids are unique. */
function expectAGrid({ panels }: Dashboard<unknown>): void {
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(Math.max(...panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
}

describe("dashboards/grafana/fetchonce.json", () => {
  interface Target {
    readonly refId: string;
    readonly id: string;
    readonly namespace: string;
    readonly metricName: string;
    readonly dimensions: Readonly<Record<string, string>>;
    readonly expression: string;
    readonly metricEditorMode: number;
    readonly region: string;
    readonly datasource: { readonly type: string; readonly uid: string };
  }
  const dashboard = read<Target>("fetchonce.json");
  const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);

  it("shows each objective and each panel of the catalogue, and none overlap", () => {
    expect(dashboard.panels.map(({ title }) => title)).toEqual([
      ...SLOS.map(({ title, windowDays }) => `${title} (${windowDays} d)`),
      ...PANELS.map(({ title }) => title),
    ]);
    expectAGrid(dashboard);
  });

  it("reads only metrics that our handlers emit or AWS publishes", () => {
    const ofAws = Object.values(AWS_METRICS).map(({ namespace, name }) => `${namespace} ${name}`);
    const ofOurs = Object.keys(METRICS).map((name) => `${METRIC_NAMESPACE} ${name}`);
    const metrics = targets.filter(({ metricName }) => metricName !== "");
    expect(metrics.length).toBeGreaterThan(30);
    expect(
      metrics
        .map(({ namespace, metricName }) => `${namespace} ${metricName}`)
        .filter((name) => ![...ofAws, ...ofOurs].includes(name)),
    ).toEqual([]);
    expect(metrics.filter(({ metricEditorMode, expression }) => metricEditorMode !== 0 || expression !== "")).toEqual(
      [],
    );
    const ours = metrics.filter(({ namespace }) => namespace === METRIC_NAMESPACE);
    expect(ours.filter(({ dimensions }) => JSON.stringify(dimensions) !== '{"environment":"$environment"}')).toEqual(
      [],
    );
  });

  it("uses exactly the variables that it declares, and hard-codes no data source or region", () => {
    expect(usedVariables(dashboard)).toEqual(declaredVariables(dashboard));
    expect(
      targets.filter(({ region, datasource }) => region !== "$region" || datasource.uid !== "${datasource}"),
    ).toEqual([]);
  });

  it("has unique query ids in each panel, and expressions over queries of the same panel only", () => {
    for (const panel of dashboard.panels) {
      const inPanel = panel.targets ?? [];
      const ids = inPanel.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(inPanel.map(({ refId }) => refId)).size).toBe(ids.length);
      const used = inPanel.flatMap(({ expression }) => [...expression.matchAll(/\bq\d+\b/g)].map(([id]) => id));
      expect(used.filter((id) => !ids.includes(id))).toEqual([]);
    }
  });

  it("says below each objective how much it is, what users feel, and which runbook there is", () => {
    const descriptions = dashboard.panels.slice(0, SLOS.length).map(({ description }) => description ?? "");
    expect(SLOS.map(({ summary }, index) => descriptions[index]?.includes(summary))).toEqual(SLOS.map(() => true));
    const pages = descriptions.map((text) => /Runbook: (docs\/runbooks\/[a-z-]+\.md)$/.exec(text)?.[1] ?? text);
    expect(pages.filter((page) => !existsSync(new URL(`../../${page}`, import.meta.url)))).toEqual([]);
  });

  it("draws a legend, which names the lines", () => {
    const lines = dashboard.panels.filter(({ type }) => type === "timeseries");
    expect(lines.filter(({ options }) => options.legend?.showLegend !== true)).toEqual([]);
  });

  it("has a schema version of at least 41 and only stat and timeseries panels, which a current Grafana imports", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(41);
    expect(new Set(dashboard.panels.map(({ type }) => type))).toEqual(new Set(["stat", "timeseries"]));
  });
});

describe("dashboards/grafana/fetchonce-prometheus.json", () => {
  interface Target {
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly type: string; readonly uid: string };
  }
  const dashboard = read<Target>("fetchonce-prometheus.json");
  const [notice, ...panels] = dashboard.panels;

  it("shows every AWS metric of the catalogue's panels, but those of the index, which AWS does not publish there", () => {
    const shown = PANELS.map(({ title, series }) => ({
      title,
      lines: series.flatMap((source) =>
        "aws" in source && AWS_METRICS[source.aws].of !== "watchIndex" ? [`${source.aws} ${source.statistic}`] : [],
      ),
    })).filter(({ lines }) => lines.length > 0);
    expect(shown.length).toBeGreaterThan(8);
    expect(
      panels.map(({ title, targets = [] }) => ({ title, lines: targets.map(({ legendFormat }) => legendFormat) })),
    ).toEqual(shown);
    expectAGrid(dashboard);
  });

  it("says at the top what it has not, and where that is", () => {
    expect(notice?.type).toBe("text");
    expect(notice?.options.content).toMatch(/objectives/);
    expect(notice?.options.content).toContain("docs/grafana.md");
    expect(existsSync(new URL("../../docs/grafana.md", import.meta.url))).toBe(true);
  });

  it("uses exactly the variables that it declares, and hard-codes no data source", () => {
    expect(usedVariables(dashboard)).toEqual(declaredVariables(dashboard));
    const sources = panels.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource));
    expect(new Set(sources.map(({ type, uid }) => `${type} ${uid}`))).toEqual(
      new Set(["grafana-amazonprometheus-datasource ${datasource}"]),
    );
  });

  it("steps by the window of its queries, so that no minute is left out or drawn twice", () => {
    for (const { interval, targets = [] } of panels) {
      const windows = targets.flatMap(({ expr }) => [...expr.matchAll(/\[(\w+)\]/g)].map(([, window]) => window));
      expect(new Set(windows)).toEqual(new Set([interval]));
      expect(windows).toHaveLength(targets.length);
    }
  });
});

describe("the resources that the Grafana dashboards look for", () => {
  const TYPES = {
    FunctionName: "AWS::Lambda::Function",
    QueueName: "AWS::SQS::Queue",
    TableName: "AWS::DynamoDB::Table",
  };
  const outdir = temporaryFolder();
  const found: Partial<Record<"dev" | "prod" | "staging", Synthesized>> = {};
  beforeAll(async () => {
    for (const env of ["dev", "staging", "prod"] as const) found[env] = await synthesized(env, outdir);
  });

  it("are each one resource of every environment, but that the archiver is where records are archived", () => {
    const counted = Object.entries(RESOURCES).map(([of, { dimension, logicalId }]) => {
      const counts = Object.values(found).map(
        (each) => each.all(TYPES[dimension]).filter(({ id }) => id.startsWith(logicalId)).length,
      );
      return [of, new Set(counts)];
    });
    expect(counted).toEqual(Object.keys(RESOURCES).map((of) => [of, new Set(of === "archiver" ? [0, 1] : [1])]));
  });

  it("have a metric and a dimension that belong together", () => {
    for (const [of, { metric }] of Object.entries(RESOURCES)) {
      const source: { readonly of: AwsResource } = AWS_METRICS[metric];
      expect(source.of).toBe(of);
    }
  });
});
