/** Compares the alarms of a template with what is expected of them, minute by minute. */
import { type ExpectedAlarm, type ExpectedCondition, SERIES, type SeriesName } from "./expectation.ts";
import { type Assumptions, USUAL } from "./cloudwatch/metric-alarm.ts";
import type { AlarmState } from "./cloudwatch/state.ts";
import type { MetricStore } from "./cloudwatch/store.ts";
import { type Entry, Reading, recorded } from "./tape.ts";
import { arnOf, compositeAlarmsOf, metricAlarmsOf, resolve, type Template } from "./cloudwatch/template.ts";
import { Watch } from "./cloudwatch/watch.ts";

export const ENVIRONMENT = "prod";
export const PREFIX = `fetchonce-${ENVIRONMENT}-`;
/** In minutes since 1970: seventeen minutes past an hour, so that no wall-clock period begins with a tape. */
const START = 29_400_017;
const HOUR = 60;
const DAY = 1440;

/** Both readings of what the manual leaves open and an expression can depend on. */
const EITHER_WAY: readonly Assumptions[] = [USUAL, { ...USUAL, fillsEmptyMetrics: false }];
/** Also varies how far back points are looked for, and whether alarms on DynamoDB's metrics obey their own setting. */
export const ALL_ASSUMPTIONS: readonly Assumptions[] = [
  ...EITHER_WAY,
  { ...USUAL, extraPeriods: 0 },
  { ...USUAL, extraPeriods: 5 },
  { ...USUAL, dynamoDbAlwaysIgnores: true },
];

interface Timeline {
  readonly store: MetricStore;
  /** Minutes since the start at which a state can change. */
  readonly minutes: readonly number[];
  /** For each condition, its right states at these minutes. */
  readonly states: readonly (readonly AlarmState[])[];
  /** The right states of the whole alarm at these minutes. */
  readonly all: readonly AlarmState[];
}

export interface Proof {
  /** @returns the first difference; `undefined` when the template's alarm is in the right state at every minute. */
  readonly difference: (template: Template) => string | undefined;
  readonly alarms: (series: SeriesName) => { readonly fired: number; readonly last: AlarmState };
}

/** @param template names the resources that samples of AWS's own metrics belong to. */
export function proofOf(expected: ExpectedAlarm, template: Template, under = EITHER_WAY): Proof {
  const timelines = under.flatMap((assumptions) =>
    SERIES.map((series) => ({
      series,
      assumptions,
      timeline: timelineOf(expected, series, template, assumptions),
    })),
  );
  return {
    difference: (candidate) => {
      for (const { series, assumptions, timeline } of timelines) {
        const difference = differenceOf(expected, timeline, candidate, assumptions);
        if (difference !== undefined) return `${series}: ${difference}`;
      }
      return undefined;
    },
    alarms: (series) => {
      const all = timelines.find((one) => one.series === series)?.timeline.all ?? [];
      return {
        fired: all.filter((state, index) => state === "ALARM" && all[index - 1] !== "ALARM").length,
        last: all.at(-1) ?? "INSUFFICIENT_DATA",
      };
    },
  };
}

/** @returns whether the alarm and its halves are in the same states in both templates, at every minute of the tape. */
export function agree(expected: ExpectedAlarm, one: Template, other: Template, tape: readonly Entry[]): boolean {
  const name = `${PREFIX}${expected.id}`;
  const names = [...expected.conditions.map(({ suffix }) => `${name}${suffix}`), name];
  return EITHER_WAY.every((assumptions) => {
    const store = recorded(one, ENVIRONMENT, START, tape);
    const [watch, twin] = [one, other].map((template) => new Watch(template, store, [name], assumptions));
    return interesting(expected, tape, assumptions).every((minute) => {
      watch?.step(START + minute);
      twin?.step(START + minute);
      return names.every((each) => watch?.stateOf(each) === twin?.stateOf(each));
    });
  });
}

/**
 * @returns the name of an alarm that notifies the wrong topics: the alarm itself must notify its severity's topic of
 *   ALARM and OK, its halves nobody. `undefined` when all are right.
 */
export function misdirected(
  { id, severity, conditions, saidBy }: ExpectedAlarm,
  template: Template,
): string | undefined {
  const suppressors = compositeAlarmsOf(template).map(({ name, suppressor }) => [name, suppressor] as const);
  const suppressor = suppressors.find(([name]) => name === PREFIX + id)?.[1];
  const saying = [...metricAlarmsOf(template), ...compositeAlarmsOf(template)].find(
    ({ id: of, name }) => suppressor !== undefined && (arnOf(of) === suppressor || name === suppressor),
  );
  if (saying?.name !== (saidBy === undefined ? undefined : PREFIX + saidBy)) return id;
  const topicOf = (action: unknown): string => /Notifications(Page|Ticket)/.exec(resolve(template, action))?.[1] ?? "";
  const names = new Set([id, ...conditions.map(({ suffix }) => `${id}${suffix}`)].map((name) => PREFIX + name));
  return [...metricAlarmsOf(template), ...compositeAlarmsOf(template)]
    .filter(({ name }) => names.has(name))
    .find(({ name, properties }) => {
      const { AlarmActions, OKActions, InsufficientDataActions, ActionsEnabled } = properties;
      const right = name === PREFIX + id ? [severity] : [];
      const told = [AlarmActions, OKActions].map((actions) => actions.map((action) => topicOf(action).toLowerCase()));
      return !ActionsEnabled || InsufficientDataActions.length > 0 || told.some((topics) => !sameList(topics, right));
    })?.name;
}

const sameList = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join();

function differenceOf(
  { id, conditions }: ExpectedAlarm,
  { store, minutes, states, all }: Timeline,
  template: Template,
  assumptions: Assumptions,
): string | undefined {
  const name = `${PREFIX}${id}`;
  const watch = new Watch(template, store, [name], assumptions);
  const names = conditions.map(({ suffix }) => `${name}${suffix}`);
  for (const [index, minute] of minutes.entries()) {
    watch.step(START + minute);
    for (const [of, child] of [...names, name].entries()) {
      const right = states[of]?.[index] ?? all[index];
      const actual = watch.stateOf(child);
      if (actual !== right) return `${child} is ${actual} after ${minute} minutes, not ${right}`;
    }
  }
  return undefined;
}

function timelineOf(
  expected: ExpectedAlarm,
  series: SeriesName,
  template: Template,
  assumptions: Assumptions,
): Timeline {
  const tape = expected.tapes[series];
  const minutes = interesting(expected, tape, assumptions).filter(
    (minute) => minute <= (expected.watchedUntil?.[series] ?? Infinity),
  );
  const states = expected.conditions.map((condition) => statesOf(condition, tape, minutes, assumptions));
  const [first = [], ...more] = states;
  const all =
    more.length === 0
      ? first
      : minutes.map((_, index) => (states.every((of) => of[index] === "ALARM") ? "ALARM" : "OK"));
  return { store: recorded(template, ENVIRONMENT, START, tape), minutes, states, all };
}

/** The minutes around those at which an entry enters or leaves a period, and around the next full hour. */
function interesting(
  { conditions }: ExpectedAlarm,
  tape: readonly Entry[],
  assumptions: Assumptions,
): readonly number[] {
  const minutes = new Set([1, 2, 3, HOUR - (START % HOUR), HOUR, DAY]);
  for (const { minute } of tape)
    for (const { minutes: period, periods } of conditions)
      for (let age = 0; age <= periods + assumptions.extraPeriods; age++) {
        const edge = minute + age * period;
        const hour = edge + HOUR - ((START + edge) % HOUR);
        for (const near of [edge, edge + 1, edge + 2, hour, hour + 1]) minutes.add(near);
      }
  return [...minutes].filter((minute) => minute > 0).sort((one, other) => one - other);
}

/** The documented rules again, in the short form that suffices if all points must breach and none is "missing". */
function statesOf(
  { minutes: period, periods, missing, filled, hasData, breaches }: ExpectedCondition,
  tape: readonly Entry[],
  minutes: readonly number[],
  { extraPeriods, fillsEmptyMetrics }: Assumptions,
): readonly AlarmState[] {
  const ages = Array.from({ length: periods + extraPeriods }, (_, age) => age);
  let state: AlarmState = "INSUFFICIENT_DATA";
  return minutes.map((minute) => {
    if (period * periods > DAY && (START + minute) % HOUR !== 0) return state;
    const readings = ages.map((age) => new Reading(tape, minute - (age + 1) * period, minute - age * period));
    const isFilled = filled && (fillsEmptyMetrics || readings.some(hasData));
    const points = readings.filter((reading) => isFilled || hasData(reading)).slice(0, periods);
    const isBad = points.every(breaches) && (points.length === periods || missing === "breaching");
    state = isBad ? "ALARM" : "OK";
    return state;
  });
}
