/** Generated incidents, one per seed. What happened is known, so what the alarms must do is plain arithmetic. */
import { Dice } from "../../simulation/services/time.ts";
import { anyMagnitude, binomial, poisson } from "./chance.ts";
import type { ByTraffic, ExpectedAlarm, Level, RatioRule } from "../expectation.ts";
import { EXPECTED } from "../expected.ts";
import { ENVIRONMENT, PREFIX } from "../prove.ts";
import { type Entry, recorded } from "../tape.ts";
import { type Template, withOnly } from "../cloudwatch/template.ts";
import { Watch } from "../cloudwatch/watch.ts";

/** Fourteen hours; the incident begins in the first seven. */
const MINUTES = 840;
/** In minutes since 1970. */
const START = 29_400_017;
const HOUR = 60;

const KINDS = ["healthy", "healthy", "burst", "outage", "outage", "slow burn", "stop"] as const;

/** By objective, the share of events that may be bad. */
const BUDGETS: Readonly<Record<string, number>> = {
  "job-completion": 0.005,
  "time-to-complete-median": 0.5,
  "time-to-complete-tail": 0.05,
  "crash-recovery": 0.001,
  "lease-acquisition": 0.01,
  "operation-replay": 0.05,
};
/** Half of all incidents are about job completion. */
const OBJECTIVES = [...Object.keys(BUDGETS), ...Array.from({ length: 4 }, () => "job-completion")];

const QUARTER = 0.25;
/**
 * Above a quarter by more than a few chance events. Where a quarter is only touched for a minute, the short window may
 * happen to be quiet.
 */
const CLEAR_QUARTER = 0.275;

interface RatioAlarm {
  readonly id: string;
  readonly severity: ExpectedAlarm["severity"];
  readonly traffic: ByTraffic;
  readonly rule: RatioRule;
}
const alarmsOf = (objective: string): readonly RatioAlarm[] =>
  EXPECTED.flatMap(({ id, severity, arithmetic }) =>
    arithmetic !== undefined && id.startsWith(`${objective}-`) ? [{ id, severity, ...arithmetic }] : [],
  );

interface Incident {
  readonly objective: string;
  readonly kind: (typeof KINDS)[number];
  readonly perHour: number;
  readonly from: number;
  readonly lasts: number;
  readonly valid: readonly number[];
  readonly bad: readonly number[];
}

function incidentOf(seed: number): Incident {
  const dice = new Dice(seed);
  const objective = dice.pick(OBJECTIVES);
  const budget = BUDGETS[objective] ?? 0;
  const kind = dice.pick(KINDS);
  const perHour = anyMagnitude(dice, 1, 360_000);
  // A healthy share is up to a tenth of the budget.
  const healthy = (dice.fraction() * budget) / 10;
  const from = dice.between(HOUR, 7 * HOUR);
  const [lasts, share] = {
    healthy: [0, healthy],
    burst: [dice.between(1, 10), 0.5 + dice.fraction() / 2],
    outage: [dice.between(10, 2 * HOUR), Math.min(1, anyMagnitude(dice, 3, 200) * budget)],
    "slow burn": [dice.between(3 * HOUR, 7 * HOUR), Math.min(1, anyMagnitude(dice, 1, 6) * budget)],
    stop: [dice.between(5, HOUR), Math.min(1, anyMagnitude(dice, 3, 200) * budget)],
  }[kind] as [number, number];
  const valid: number[] = [];
  const bad: number[] = [];
  for (let minute = 0; minute < MINUTES; minute++) {
    const isBurning = minute >= from && minute < from + lasts;
    const hasStopped = kind === "stop" && minute >= from + lasts;
    const events = hasStopped ? 0 : poisson(dice, perHour / HOUR);
    valid.push(events);
    bad.push(binomial(dice, events, isBurning ? share : healthy));
  }
  return { objective, kind, perHour, from, lasts, valid, bad };
}

export interface Verdict {
  readonly seed: number;
  readonly kind: Incident["kind"];
  readonly objective: string;
  readonly perHour: number;
  /** Minutes at which an alarm's state is not what the arithmetic says. */
  readonly wrongMinutes: readonly string[];
  /** By alarm: the minute at which it first went to ALARM. */
  readonly firstAlarms: ReadonlyMap<string, number>;
  /** Pages while nothing was wrong. */
  readonly falsePages: readonly string[];
  /**
   * Minutes from when a quarter of the day's budget was spent within an hour, while the incident went on, to the fast
   * alarm; negative if the alarm was earlier, `undefined` without such a burn.
   */
  readonly afterQuarter: number | undefined;
  /** The same for 27.5 % of the budget. */
  readonly afterClearQuarter: number | undefined;
}

export function verdictOf(seed: number, template: Template): Verdict {
  const incident = incidentOf(seed);
  const { objective, kind, perHour, from } = incident;
  const alarms = alarmsOf(objective);
  const right = alarms.map(({ rule }) => timelineOf(rule, incident));
  const store = recorded(template, ENVIRONMENT, START, tapeOf(incident, alarms));
  const watch = new Watch(
    template,
    store,
    alarms.map(({ id }) => PREFIX + id),
  );
  const wrongMinutes: string[] = [];
  const firstAlarms = new Map<string, number>();
  for (let minute = 1; minute <= MINUTES; minute++) {
    watch.step(START + minute);
    for (const [index, { id, rule }] of alarms.entries()) {
      const isAlarm = watch.stateOf(PREFIX + id) === "ALARM";
      if (isAlarm && !firstAlarms.has(id)) firstAlarms.set(id, minute);
      // A window of a week is evaluated once an hour.
      const isDue = rule.long <= 24 * HOUR || (START + minute) % HOUR === 0;
      if (isDue && isAlarm !== right[index]?.[minute]) wrongMinutes.push(`${id} at ${minute}`);
    }
  }
  const falsePages = alarms
    .filter(
      ({ id, severity }) =>
        severity === "page" && (firstAlarms.get(id) ?? Infinity) <= (kind === "healthy" ? MINUTES : from),
    )
    .map(({ id }) => id);
  const spoke = firstAlarms.get(`${objective}-fast`) ?? Infinity;
  const after = (share: number): number | undefined => {
    const burnt = burntAt(incident, share);
    return burnt === undefined ? undefined : spoke - burnt;
  };
  return {
    seed,
    kind,
    objective,
    perHour,
    wrongMinutes,
    firstAlarms,
    falsePages,
    afterQuarter: after(QUARTER),
    afterClearQuarter: after(CLEAR_QUARTER),
  };
}

/** For each objective, the template with only that objective's alarms, so that parsing it is quick. */
export const forIncidents = (template: Template): ReadonlyMap<string, Template> =>
  new Map(
    Object.keys(BUDGETS).map((objective) => [
      objective,
      withOnly(
        template,
        alarmsOf(objective).flatMap(({ id }) => ["", "-long", "-short"].map((suffix) => PREFIX + id + suffix)),
      ),
    ]),
  );

export const objectiveOf = (seed: number): string => new Dice(seed).pick(OBJECTIVES);

function tapeOf({ valid, bad }: Incident, alarms: readonly RatioAlarm[]): readonly Entry[] {
  const [first] = alarms;
  if (first === undefined) throw new RangeError("No alarm guards this objective.");
  const {
    good: [good = []],
    bad: worse,
  } = first.traffic;
  return valid.flatMap((events, minute) => {
    const times = bad[minute] ?? 0;
    return [
      ...good.map((mark) => Object.assign({}, mark, { minute, times: events - times })),
      ...worse.map((mark) => Object.assign({}, mark, { minute, times })),
    ];
  });
}

/** @returns the sum of the counts from minute `from` up to, but without, minute `to`. */
function sumsOf(counts: readonly number[]): (from: number, to: number) => number {
  const sums = [0];
  for (const count of counts) sums.push((sums.at(-1) ?? 0) + count);
  return (from, to) => (sums[to] ?? 0) - (sums[Math.max(0, from)] ?? 0);
}

/** For each minute, whether an alarm with this rule must be in ALARM. Exact, since all numbers are whole. */
export function timelineOf(rule: RatioRule, events: Pick<Incident, "valid" | "bad">): readonly boolean[] {
  const { levels, long, short } = rule;
  const valid = sumsOf(events.valid);
  const bad = sumsOf(events.bad);
  const holds = (minute: number, window: number, anyOf: readonly Level[]): boolean => {
    const all = valid(minute - window, minute);
    const wrong = bad(minute - window, minute);
    return anyOf.some((level) => wrong >= level.bad && wrong * 10_000 >= level.ratio * all);
  };
  return Array.from(
    { length: events.valid.length + 1 },
    (_, minute) => holds(minute, long, levels) && (short === undefined || holds(minute, short.minutes, [short])),
  );
}

/** By objective with a fast rule: fewer bad events in an hour wake nobody, unless they are a tenth of all. */
const LEAST_BAD: Readonly<Record<string, number>> = { "job-completion": 4, "time-to-complete-tail": 300 };

/**
 * The first minute, before the incident is over, at which this share of the day's budget was spent within an hour that
 * had enough bad events for the fast rule. The day has as many events as 24 usual hours, or as 24 hours like this one
 * if it is busier.
 * `undefined` for an objective that has no window of a day or no fast rule.
 */
function burntAt({ objective, perHour, from, lasts, ...incident }: Incident, share: number): number | undefined {
  const least = LEAST_BAD[objective];
  if (least === undefined) return undefined;
  const valid = sumsOf(incident.valid);
  const bad = sumsOf(incident.bad);
  const spent = share * 24 * (BUDGETS[objective] ?? 0);
  for (let minute = from; minute <= from + lasts; minute++) {
    const events = valid(minute - HOUR, minute);
    const wasted = bad(minute - HOUR, minute);
    if (wasted >= least && wasted >= spent * Math.max(events, perHour)) return minute;
  }
  return undefined;
}
