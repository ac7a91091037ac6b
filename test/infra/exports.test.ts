import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { METRIC_NAMESPACE, METRICS } from "../../core/telemetry/metrics.ts";
import { AWS_METRICS } from "../../dashboards/catalogue/alarm.ts";
import { PANELS } from "../../dashboards/catalogue/panels.ts";
import { SLOS } from "../../dashboards/catalogue/slos.ts";
import { openSloObject } from "./openslo-schema.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("dashboards/openslo.yaml", () => {
  const objects = parseAllDocuments(read("dashboards/openslo.yaml")).map((document): unknown => document.toJS());
  const parsed = objects.map((object) => openSloObject.parse(object));
  const slos = parsed.filter((object) => object.kind === "SLO");
  const policies = parsed.filter((object) => object.kind === "AlertPolicy");

  it("is valid OpenSLO v1 with one object per YAML document", () => {
    expect(parsed).toHaveLength(4 + SLOS.length + SLOS.flatMap(({ rules }) => rules).length);
  });

  it.each([
    { broken: "a target of 1", change: { spec: { objectives: [{ target: 1 }] } } },
    { broken: "a target in percent", change: { spec: { objectives: [{ target: 99.5 }] } } },
    { broken: "a name with capitals", change: { metadata: { name: "JobCompletion" } } },
    { broken: "another apiVersion", change: { apiVersion: "openslo/v2" } },
  ])("fails the OpenSLO schema with $broken", ({ change }) => {
    const [first] = slos;
    const broken = { ...first, ...change, spec: { ...first?.spec, ...("spec" in change && change.spec) } };
    expect(openSloObject.safeParse(first).success).toBe(true);
    expect(openSloObject.safeParse(broken).success).toBe(false);
  });

  it("contains the objectives of the catalogue, refers only to objects that it contains, and repeats no name", () => {
    expect(
      slos.map(({ metadata, spec }) => [metadata.name, spec.objectives[0]?.target, spec.timeWindow[0].duration]),
    ).toEqual(SLOS.map(({ id, objective, windowDays }) => [id, objective, `${windowDays}d`]));
    const names = parsed.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const referred = [
      ...slos.flatMap(({ spec }) => (spec.alertPolicies ?? []).map((policy) => `AlertPolicy ${policy.alertPolicyRef}`)),
      ...slos.map(({ spec }) => `Service ${spec.service}`),
      ...slos.map(({ spec }) => `DataSource ${spec.indicator.spec.ratioMetric.bad.metricSource.metricSourceRef}`),
      ...policies.flatMap(({ spec }) =>
        spec.notificationTargets.map(({ targetRef }) => `AlertNotificationTarget ${targetRef}`),
      ),
    ];
    expect(referred.filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});

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
  interface Box {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly Target[];
  }
  const dashboard = JSON.parse(read("dashboards/grafana/fetchonce.json")) as {
    schemaVersion: number;
    panels: Box[];
    templating: { list: { name: string }[] };
  };
  const targets = dashboard.panels.flatMap((panel) => panel.targets);

  it("shows each objective and each panel of the catalogue, and none overlap", () => {
    expect(dashboard.panels.map(({ title }) => title)).toEqual([
      ...SLOS.map(({ title, windowDays }) => `${title} (${windowDays} d)`),
      ...PANELS.map(({ title }) => title),
    ]);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
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
    const declared = dashboard.templating.list.map(({ name }) => name);
    const used = [...JSON.stringify(dashboard.panels).matchAll(/\$\{?([a-z_]+)\}?/g)].map(([, name = ""]) => name);
    expect(new Set(used)).toEqual(new Set(declared));
    expect(
      targets.filter(({ region, datasource }) => region !== "$region" || datasource.uid !== "${datasource}"),
    ).toEqual([]);
  });

  it("has unique query ids in each panel, and expressions over queries of the same panel only", () => {
    for (const panel of dashboard.panels) {
      const ids = panel.targets.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(panel.targets.map(({ refId }) => refId)).size).toBe(ids.length);
      const used = panel.targets.flatMap(({ expression }) => [...expression.matchAll(/\bq\d+\b/g)].map(([id]) => id));
      expect(used.filter((id) => !ids.includes(id))).toEqual([]);
    }
  });

  it("has a schema version of at least 41 and only stat and timeseries panels, which a current Grafana imports", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(41);
    expect(new Set(dashboard.panels.map(({ type }) => type))).toEqual(new Set(["stat", "timeseries"]));
  });
});
