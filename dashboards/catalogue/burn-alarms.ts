/** Alarms made from the objectives: how fast a budget is spent, and what happens where there is little to count. */
import { type Alarm, type Condition, type MetricSource, minutesInWords, percent } from "./alarm.ts";
import { badRatioOf, type BurnRule, budgetOf, LEAST_BAD_EVENTS, type Slo, SLOS } from "./slos.ts";

/** `bad` and `valid` of a ratio. FILL: a metric without a datapoint would leave the sum without one. */
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
  // No job, no failure.
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
 * The long window has shown that there are events enough; the short one only says whether it still goes on. One bad event
 * is enough for that: a least number scaled down to it would be met by every other window of steady traffic only.
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
      ? `Over ${window}, ${ratio} of the events or more were bad: all that may be.`
      : `Over ${window}, and still in the last ${minutesInWords(rule.shortMinutes)}, ${ratio} of the events or more were bad. ` +
        `At that rate it spends ${spent} of what ${budgetWindow} allows.`,
    felt: slo.summary,
    why:
      `Factor ${rule.factor} times the budget of ${percent(budgetOf(slo))}; ` +
      `${rule.leastEvents} events at least, ${LEAST_BAD_EVENTS} of them bad, so that chance does not wake anybody.`,
    runbook: slo.runbook,
    conditions:
      rule.shortMinutes === undefined
        ? [longWindow(slo, rule)]
        : [longWindow(slo, rule), shortWindow(slo, rule, rule.shortMinutes)],
  };
}

/** Where a burn rule has too few events to judge: bad enough that few will do. */
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
    why: "Three of fifteen jobs: at the objective that is chance once in 17,000 windows of fifteen jobs. Six hours, so that three jobs of one an hour are enough.",
  },
  {
    slo: "time-to-complete-tail",
    severity: "ticket",
    minutes: 360,
    badShare: 0.5,
    leastBad: 10,
    why: "A few files of many gigabytes are slow and nothing is wrong; ten, and half of all, are no single producer's batch.",
  },
  {
    slo: "operation-replay",
    severity: "ticket",
    minutes: 1440,
    badShare: 0.5,
    leastBad: 20,
    why: "One crashed batch replays up to ten operations. Twenty, and half of all, are somebody crashing again and again.",
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
    happened: `Of the few events in ${window} (fewer than ${burn.leastEvents}), ${percent(rule.badShare)} or more were bad.`,
    felt: slo.summary,
    why: `Below ${burn.leastEvents} events the burn rule of ${window} keeps silent. ${rule.why}`,
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
