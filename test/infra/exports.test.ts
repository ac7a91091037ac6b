import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
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
