/** The objectives in OpenSLO v1 (openslo.com), with one YAML document for each object. */
import { stringify } from "yaml";
import { METRIC_DIMENSION, METRIC_NAMESPACE, type MetricName } from "../core/telemetry/metrics.ts";
import { BURN_ALARMS, tiersInWords } from "./catalogue/burn-alarms.ts";
import { type BurnRule, type Slo, SLOS } from "./catalogue/slos.ts";

const API_VERSION = "openslo/v1";
const SERVICE = "fetchonce";
const DATA_SOURCE = "cloudwatch";

const duration = (minutes: number): string => {
  if (minutes % 10_080 === 0) return `${minutes / 10_080}w`;
  if (minutes % 1440 === 0) return `${minutes / 1440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
};

const source = (names: readonly MetricName[]): object => ({
  metricSource: {
    type: "CloudWatch",
    metricSourceRef: DATA_SOURCE,
    spec: {
      namespace: METRIC_NAMESPACE,
      dimensions: { [METRIC_DIMENSION]: "prod" },
      stat: "Sum",
      // If there are several, their sum.
      metrics: names,
    },
  },
});

const policyName = (slo: Slo, rule: BurnRule): string => `${slo.id}-${rule.id}`;

/** OpenSLO has only one window. The short window and the least number of bad events are in annotations of our own. */
function alertPolicy(slo: Slo, rule: BurnRule): object {
  const name = policyName(slo, rule);
  const alarm = BURN_ALARMS.find(({ id }) => id === name);
  return {
    apiVersion: API_VERSION,
    kind: "AlertPolicy",
    metadata: {
      name,
      displayName: alarm?.title,
      annotations: {
        "share-and-least-bad": tiersInWords(rule.tiers),
        ...(rule.short && { "short-window": duration(rule.short.minutes) }),
      },
    },
    spec: {
      description: alarm?.happened,
      alertWhenNoData: false,
      alertWhenResolved: true,
      alertWhenBreaching: true,
      conditions: [
        {
          kind: "AlertCondition",
          metadata: { name: `${name}-burn` },
          spec: {
            severity: rule.severity,
            condition: {
              kind: "burnrate",
              op: "gte",
              threshold: rule.factor,
              lookbackWindow: duration(rule.longMinutes),
              alertAfter: "0m",
            },
          },
        },
      ],
      notificationTargets: [{ targetRef: rule.severity }],
    },
  };
}

const objective = (slo: Slo): object => ({
  apiVersion: API_VERSION,
  kind: "SLO",
  metadata: { name: slo.id, displayName: slo.title },
  spec: {
    description: slo.summary,
    service: SERVICE,
    indicator: {
      metadata: { name: `${slo.id}-ratio` },
      spec: { ratioMetric: { counter: false, bad: source([slo.bad]), total: source(slo.total) } },
    },
    timeWindow: [{ duration: `${slo.windowDays}d`, isRolling: true }],
    budgetingMethod: "Occurrences",
    objectives: [{ target: slo.objective }],
    alertPolicies: slo.rules.map((rule) => ({ alertPolicyRef: policyName(slo, rule) })),
  },
});

const target = (name: string, description: string): object => ({
  apiVersion: API_VERSION,
  kind: "AlertNotificationTarget",
  metadata: { name },
  spec: { target: "sns", description },
});

const openSloObjects = (): readonly object[] => [
  {
    apiVersion: API_VERSION,
    kind: "Service",
    metadata: { name: SERVICE },
    spec: { description: "Downloads what a list of URLs points at into S3, exactly once." },
  },
  {
    apiVersion: API_VERSION,
    kind: "DataSource",
    metadata: { name: DATA_SOURCE },
    spec: { type: "CloudWatch", connectionDetails: {} },
  },
  target("page", "The stack's topic for pages."),
  target("ticket", "The stack's topic for tickets."),
  ...SLOS.map(objective),
  ...SLOS.flatMap((slo) => slo.rules.map((rule) => alertPolicy(slo, rule))),
];

export const openSloYaml = (): string => {
  const documents = openSloObjects().map((document) =>
    stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  return `# Generated from dashboards/catalogue by \`npm run generate\`.\n${documents.join("---\n")}`;
};
