/** Alarms made from the objectives: on how fast a budget is spent. */
import { type Alarm, type Condition, type MetricSource, minutesInWords, percent } from "./alarm.ts";
import { badRatioOf, type BurnRule, budgetOf, type Slo, SLOS, type Tier } from "./slos.ts";

const sum = { statistic: "Sum" } as const;

/** What `bad` and `valid` of a condition are made of. FILL, because a sum with one part missing has no value. */
export interface Events {
  readonly metrics: Readonly<Record<string, MetricSource>>;
  readonly derived: { readonly bad: string; readonly valid: string };
}

function eventsOf({ bad, total }: Slo, isWithoutWorstHost: boolean): Events {
  const idOf = (name: string): string => (name === bad ? "wrong" : `part${total.indexOf(name as typeof bad)}`);
  const names = [bad, ...total.filter((name) => name !== bad)];
  return {
    metrics: {
      ...Object.fromEntries(names.map((name) => [idOf(name), { ours: name, ...sum }])),
      ...(isWithoutWorstHost && {
        host: { contributors: "given-up-by-host", statistic: "MaxContributorValue" } as const,
      }),
    },
    derived: {
      bad: `FILL(wrong, 0)${isWithoutWorstHost ? " - FILL(host, 0)" : ""}`,
      valid: total.map((name) => `FILL(${idOf(name)}, 0)`).join(" + "),
    },
  };
}

/** Whole numbers, so that the share is exact. */
function shareHolds(share: number): string {
  const parts = 1000;
  const whole = Math.round(share * parts);
  let divisor = whole;
  for (let rest = parts; rest > 0;) [divisor, rest] = [rest, divisor % rest];
  const [of, out] = [parts / divisor, whole / divisor];
  return `${of} * bad >= ${out === 1 ? "valid" : `${out} * valid`}`;
}

/** Whether one of the tiers holds over the last minutes. */
export const whenShareIsBad = ({ metrics, derived }: Events, minutes: number, tiers: readonly Tier[]): Condition => ({
  metrics,
  derived,
  expression: `IF(${tiers.map(({ leastBad, share }) => `(bad >= ${leastBad} AND ${shareHolds(share)})`).join(" OR ")}, 1, 0)`,
  periodMinutes: minutes,
  periods: 1,
  comparison: ">=",
  threshold: 1,
  // Without jobs there are no failures.
  missing: "notBreaching",
});

export const tiersInWords = (tiers: readonly Tier[]): string =>
  tiers.map(({ leastBad, share }) => `${percent(share)} and ${leastBad}`).join(", or ");

function burnAlarm(slo: Slo, rule: BurnRule): Alarm {
  const { factor, isWithoutWorstHost = false, longMinutes, saidBy, severity, short, tiers } = rule;
  const ratio = percent(badRatioOf(slo, rule));
  const spent = percent((factor * longMinutes) / (slo.windowDays * 1440));
  const window = minutesInWords(longMinutes);
  const budgetWindow = minutesInWords(slo.windowDays * 1440);
  const isWhole = longMinutes === slo.windowDays * 1440;
  const events = eventsOf(slo, isWithoutWorstHost);
  const others = isWithoutWorstHost ? ", the worst host left out," : "";
  const long = whenShareIsBad(events, longMinutes, tiers);
  return {
    id: `${slo.id}-${rule.id}`,
    kind: "burn",
    slo: slo.id,
    title: `${slo.title}: ${isWhole ? "objective missed" : `${spent} of the budget within ${window}`}`,
    severity,
    happened:
      `Over ${window}${others} at least ${tiersInWords(tiers)} of the events were bad` +
      `${short ? `, and still some in the last ${minutesInWords(short.minutes)}` : ""}. ` +
      (isWhole
        ? "The whole budget is spent."
        : `${ratio} spends ${spent} of the budget of ${budgetWindow} in ${window}.`),
    felt: slo.summary,
    why:
      `${ratio} is ${factor === 1 ? "the budget" : `${factor} times the budget of ${percent(budgetOf(slo))}`}. ` +
      "So few events do it only if so large a share of them is bad that it is no chance.",
    runbook: slo.runbook,
    ...(saidBy !== undefined && { saidBy: `${slo.id}-${saidBy}` }),
    conditions: short ? [long, whenShareIsBad(events, short.minutes, [short.tier])] : [long],
  };
}

export const BURN_ALARMS: readonly Alarm[] = SLOS.flatMap((slo) => slo.rules.map((rule) => burnAlarm(slo, rule)));
