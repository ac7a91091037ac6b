/** The alarms by which CodeDeploy judges new code, and how many broken builds they catch. */
import { describe, expect, inject, test } from "vitest";
import { METRIC_DIMENSION, METRIC_NAMESPACE, VERSION_METRIC } from "../../core/telemetry/metrics.ts";
import { CANARY, caught } from "../../dashboards/catalogue/canary.ts";
import { Dice } from "../simulation/services/time.ts";
import { evaluationOf, USUAL } from "./cloudwatch/metric-alarm.ts";
import { type MetricIdentity, MetricStore } from "./cloudwatch/store.ts";
import { type MetricAlarm, metricAlarmsOf, type Template } from "./cloudwatch/template.ts";
import { ENVIRONMENT, PREFIX } from "./prove.ts";
import { binomial, poisson } from "./random/chance.ts";

const template = inject("prodTemplate");
const START = 29_400_000;
const LATE = { ours: 5, aws: 5 };

/** What the alarm reads, as AWS and our handlers write it: found by name, so that a wrong dimension is no reading. */
function identitiesOf(lane: "Worker" | "LongWorker") {
  const id = Object.keys(template.Resources).find((key) => new RegExp(`^${lane}Function`).test(key)) ?? "";
  const version =
    Object.entries(template.Resources).find(
      ([key, { Type }]) => Type === "AWS::Lambda::Version" && new RegExp(`^${lane}FunctionCurrentVersion`).test(key),
    )?.[0] ?? "";
  const dimensions = { FunctionName: id, Resource: `${id}:live`, ExecutedVersion: versionText(version) };
  const ofLambda = (name: string): MetricIdentity => ({ namespace: "AWS/Lambda", name, dimensions });
  const failed: MetricIdentity = {
    namespace: METRIC_NAMESPACE,
    name: VERSION_METRIC,
    unit: "Count",
    dimensions: { [METRIC_DIMENSION]: ENVIRONMENT, version: `${id}:${versionText(version)}` },
  };
  return { invocations: ofLambda("Invocations"), errors: ofLambda("Errors"), failed };
}
const versionText = (id: string): string => `version of ${id}`;

interface Minute {
  readonly invocations: number;
  readonly errors: number;
  readonly failed: number;
}

const LANES = [
  ["new-code-fails", "Worker"],
  ["new-long-code-fails", "LongWorker"],
] as const;

function alarmNamed(name: string, of: Template = template): MetricAlarm {
  const found = metricAlarmsOf(of).find((alarm) => alarm.name === PREFIX + name);
  if (!found) throw new Error(`The template has no alarm ${name}.`);
  return found;
}

/** @returns the minute at which it fires, before the canary is over. */
function firesAt(alarm: MetricAlarm, lane: (typeof LANES)[number][1], minutes: readonly Minute[]): number | undefined {
  const store = new MetricStore();
  const { errors, failed, invocations } = identitiesOf(lane);
  for (const [minute, at] of minutes.entries()) {
    store.add(invocations, START + minute, 1, at.invocations);
    store.add(errors, START + minute, 1, at.errors);
    store.add(errors, START + minute, 0, at.invocations - at.errors);
    store.add(failed, START + minute, at.failed, at.failed > 0 ? 1 : 0);
  }
  const { evaluate } = evaluationOf(template, alarm, store, { ...USUAL, late: LATE });
  for (let minute = 1; minute < CANARY.minutes; minute++) if (evaluate(START + minute, "OK") === "ALARM") return minute;
  return undefined;
}

const always = (at: Minute): readonly Minute[] => Array.from({ length: CANARY.minutes }, () => at);

describe.each(LANES)("the alarm %s", (name, lane) => {
  const alarm = alarmNamed(name);

  test.each([
    ["invocations that fail", { invocations: 1, errors: 1, failed: 0 }],
    ["jobs that it failed, or could not work on", { invocations: 1, errors: 0, failed: 1 }],
    ["both, at ten thousand jobs a second", { invocations: 18_000, errors: 500, failed: 500 }],
  ])("judges new code by %s", (_what, minute) => {
    expect(firesAt(alarm, lane, always(minute))).toBeLessThan(15);
  });

  test.each([
    ["no invocation at all", { invocations: 0, errors: 0, failed: 0 }],
    ["healthy invocations", { invocations: 20, errors: 0, failed: 0 }],
    ["a tenth of the budget at ten thousand jobs a second", { invocations: 18_000, errors: 10, failed: 90 }],
  ])("lets new code pass with %s", (_what, minute) => {
    expect(firesAt(alarm, lane, always(minute))).toBeUndefined();
  });

  test("wants two failures, and one for twenty invocations", () => {
    const once = (at: Minute): readonly Minute[] => [at, ...always({ invocations: 0, errors: 0, failed: 0 }).slice(1)];
    expect(firesAt(alarm, lane, once({ invocations: 1, errors: 1, failed: 0 }))).toBeUndefined();
    expect(firesAt(alarm, lane, once({ invocations: 40, errors: 1, failed: 1 }))).toBeDefined();
    expect(firesAt(alarm, lane, once({ invocations: 41, errors: 1, failed: 1 }))).toBeUndefined();
    expect(firesAt(alarm, lane, once({ invocations: 2, errors: 2, failed: 0 }))).toBeDefined();
  });

  test("tells nobody", () => {
    const { AlarmActions, OKActions, InsufficientDataActions } = alarm.properties;
    expect([...AlarmActions, ...OKActions, ...InsufficientDataActions]).toEqual([]);
  });
});

/** The share of simulated rollouts in which a build of which this share of the invocations fails is caught. */
function simulated(invocationsAMinute: number, failing: number, rollouts: number): number {
  const alarm = alarmNamed("new-code-fails");
  const dice = new Dice(17);
  let found = 0;
  for (let rollout = 0; rollout < rollouts; rollout++) {
    const minutes = Array.from({ length: CANARY.minutes }, () => {
      const invocations = poisson(dice, (invocationsAMinute * CANARY.percent) / 100);
      return { invocations, errors: 0, failed: binomial(dice, invocations, failing) };
    });
    if (firesAt(alarm, "Worker", minutes) !== undefined) found += 1;
  }
  return found / rollouts;
}

describe("broken builds at one invocation a minute", () => {
  test("are caught as the arithmetic says: all that fail everything, 99 of 100 that fail half", () => {
    expect(caught(1, 1)).toBeGreaterThan(0.999);
    expect(caught(1, 0.5)).toBeGreaterThan(0.99);
    expect(simulated(1, 1, 300)).toBe(1);
    expect(simulated(1, 0.5, 300)).toBeGreaterThan(0.97);
    expect(Math.abs(simulated(1, 0.1, 300) - caught(1, 0.1))).toBeLessThan(0.1);
  });
});
