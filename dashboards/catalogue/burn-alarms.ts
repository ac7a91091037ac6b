/** Alarms made from the objectives: on how fast a budget is spent, and on bad ratios when there are few events. */
import { type Alarm, type Condition, type MetricSource, minutesInWords, percent } from "./alarm.ts";
import { badRatioOf, type BurnRule, budgetOf, LEAST_BAD_EVENTS, type Slo, SLOS } from "./slos.ts";

/** `bad` and `valid` of a ratio. FILL, because a metric without a datapoint would leave the sum without one. */
function eventsOf({ bad, total }: Slo): { metrics: Record<string, MetricSource>; bad: string; valid: string } {
  const names = [bad, ...total.filter((name) => name !== bad)];
  const idOf = (name: string): string => (name === bad ? "bad" : `valid${names.indexOf(name as typeof bad)}`);
  return {
    metrics: Object.fromEntries(names.map((name) => [idOf(name), { ours: name, statistic: "Sum" } as const])),
    bad: "FILL(bad, 0)",
    valid: `(${total.map((name) => `FILL(${idOf(name)}, 0)`).join(" + ")})`,
  };
}

const ratioOver = (minutes: number, threshold: number): Omit<Condition, "metrics" | "expression"> => ({
  periodMinutes: minutes,
  periods: 1,
  comparison: ">=",
  threshold,
  // Without jobs there are no failures.
  missing: "notBreaching",
});

function longWindow(slo: Slo, rule: BurnRule): Condition {
  const { metrics, bad, valid } = eventsOf(slo);
  return {
    ...ratioOver(rule.longMinutes, badRatioOf(slo, rule)),
    metrics,
    expression: `IF(${valid} >= ${rule.leastEvents} AND ${bad} >= ${LEAST_BAD_EVENTS}, ${bad} / ${valid}, 0)`,
  };
}

/**
 * The long window has shown that there are enough events. The short one only shows whether the burn still goes on, and
 * one bad event is enough for that. With a least number scaled down to the short window, only every other window of
 * steady traffic would reach it.
 */
function shortWindow(slo: Slo, rule: BurnRule, minutes: number): Condition {
  const { metrics, bad, valid } = eventsOf(slo);
  return {
    ...ratioOver(minutes, badRatioOf(slo, rule)),
    metrics,
    expression: `IF(${bad} >= 1, ${bad} / ${valid}, 0)`,
  };
}

function burnAlarm(slo: Slo, rule: BurnRule): Alarm {
  const ratio = percent(badRatioOf(slo, rule));
  const spent = percent((rule.factor * rule.longMinutes) / (slo.windowDays * 1440));
  const window = minutesInWords(rule.longMinutes);
  const budgetWindow = minutesInWords(slo.windowDays * 1440);
  const isWhole = rule.shortMinutes === undefined;
  return {
    id: `${slo.id}-${rule.id}`,
    kind: "burn",
    slo: slo.id,
    title: `${slo.title}: ${isWhole ? "objective missed" : `${spent} of the budget within ${window}`}`,
    severity: rule.severity,
    happened: isWhole
      ? `Over ${window}, at least ${ratio} of the events were bad. The whole budget is spent.`
      : `Over ${window}, and still in the last ${minutesInWords(rule.shortMinutes)}, at least ${ratio} of the events were bad. ` +
        `At that rate ${spent} of the budget of ${budgetWindow} is spent in ${window}.`,
    felt: slo.summary,
    why:
      `The threshold is ${rule.factor} times the budget of ${percent(budgetOf(slo))}. ` +
      `It needs at least ${rule.leastEvents} events, ${LEAST_BAD_EVENTS} of them bad, so that chance does not wake anybody.`,
    runbook: slo.runbook,
    conditions:
      rule.shortMinutes === undefined
        ? [longWindow(slo, rule)]
        : [longWindow(slo, rule), shortWindow(slo, rule, rule.shortMinutes)],
  };
}

/** For traffic too low for the burn rule of the same window: a ratio so bad that a few events are enough. */
interface FewRule {
  readonly slo: string;
  readonly severity: Alarm["severity"];
  readonly minutes: number;
  readonly badShare: number;
  readonly leastBad: number;
  readonly why: string;
}

const FEW: readonly FewRule[] = [
  {
    slo: "job-completion",
    severity: "page",
    minutes: 360,
    badShare: 0.2,
    leastBad: LEAST_BAD_EVENTS,
    why: "Three of fifteen jobs fail by chance once in 17,000 windows of fifteen jobs, if the objective is just met. The window is six hours, so that three failures are enough at one job an hour.",
  },
  {
    slo: "time-to-complete-tail",
    severity: "ticket",
    minutes: 360,
    badShare: 0.5,
    leastBad: 10,
    why: "A few files of many gigabytes are slow although nothing is wrong. Ten slow files that are half of all files are more than one producer's batch.",
  },
  {
    slo: "operation-replay",
    severity: "ticket",
    minutes: 1440,
    badShare: 0.5,
    leastBad: 20,
    why: "One crashed batch replays up to ten operations. Twenty that are half of all operations mean that something crashes again and again.",
  },
];

function fewAlarm(rule: FewRule): Alarm {
  const slo = SLOS.find(({ id }) => id === rule.slo);
  const burn = slo?.rules.find(({ longMinutes }) => longMinutes === rule.minutes);
  if (!slo || !burn) throw new RangeError(`No rule of ${rule.slo} has a window of ${rule.minutes} minutes.`);
  const { metrics, bad, valid } = eventsOf(slo);
  const window = minutesInWords(rule.minutes);
  return {
    id: `${slo.id}-few`,
    kind: "few",
    slo: slo.id,
    title: `${slo.title}: bad at low traffic`,
    severity: rule.severity,
    happened: `Of the few events in ${window} (fewer than ${burn.leastEvents}), at least ${percent(rule.badShare)} were bad.`,
    felt: slo.summary,
    why: `Below ${burn.leastEvents} events the burn rule of ${window} is silent. ${rule.why}`,
    runbook: slo.runbook,
    conditions: [
      {
        ...ratioOver(rule.minutes, rule.badShare),
        metrics,
        expression: `IF(${valid} < ${burn.leastEvents} AND ${bad} >= ${rule.leastBad}, ${bad} / ${valid}, 0)`,
      },
    ],
  };
}

export const BURN_ALARMS: readonly Alarm[] = [
  ...SLOS.flatMap((slo) => slo.rules.map((rule) => burnAlarm(slo, rule))),
  ...FEW.map(fewAlarm),
];
