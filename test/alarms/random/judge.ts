/** Judges many incidents and adds up the verdicts. */
import { forIncidents, objectiveOf, type Verdict, verdictOf } from "./burns.ts";
import type { Template } from "../cloudwatch/template.ts";

interface Burns {
  burns: number;
  /** Caught no later than the minute at which, by the arithmetic, that much of the budget was spent. */
  caughtAtOnce: number;
  /** The longest delay in minutes of a burn that was not missed. */
  worstDelay: number;
  readonly missed: string[];
}

export interface Tally {
  incidents: number;
  healthy: number;
  /** Burns that spend at least 25 % of the day's budget within an hour, however little above it. */
  readonly quarter: Burns;
  /** Burns that spend at least 27.5 %, which is a tenth more than a quarter. */
  readonly clearQuarter: Burns;
  readonly pagesAtHealthyNoise: string[];
  readonly wrongMinutes: string[];
  /** By alarm, in how many incidents it went to ALARM: alarms that are always silent would prove nothing. */
  readonly spoke: Map<string, number>;
}

/** A burn that is caught later than this counts as missed. */
const LATEST_MINUTES = 15;

const noBurns = (): Burns => ({ burns: 0, caughtAtOnce: 0, worstDelay: 0, missed: [] });

export const emptyTally = (): Tally => ({
  incidents: 0,
  healthy: 0,
  quarter: noBurns(),
  clearQuarter: noBurns(),
  pagesAtHealthyNoise: [],
  wrongMinutes: [],
  spoke: new Map(),
});

/** Adds the incidents of the seeds from `from` up to, but without, `to`. */
export function tally(template: Template, from: number, to: number, into: Tally = emptyTally()): Tally {
  const templates = forIncidents(template);
  for (let seed = from; seed < to; seed++) {
    const verdict = verdictOf(seed, templates.get(objectiveOf(seed)) ?? template);
    const name = nameOf(verdict);
    into.incidents++;
    if (verdict.kind === "healthy") into.healthy++;
    for (const alarm of verdict.firstAlarms.keys()) into.spoke.set(alarm, (into.spoke.get(alarm) ?? 0) + 1);
    into.wrongMinutes.push(...verdict.wrongMinutes.map((what) => `${name}: ${what}`));
    into.pagesAtHealthyNoise.push(...verdict.falsePages.map((what) => `${name}: ${what}`));
    addBurn(into.quarter, verdict.afterQuarter, name);
    addBurn(into.clearQuarter, verdict.afterClearQuarter, name);
  }
  return into;
}

function addBurn(into: Burns, delay: number | undefined, name: string): void {
  if (delay === undefined) return;
  into.burns++;
  if (delay <= 0) into.caughtAtOnce++;
  if (delay > LATEST_MINUTES) into.missed.push(`${name}: ${delay} minutes`);
  else into.worstDelay = Math.max(into.worstDelay, delay);
}

const nameOf = ({ seed, kind, objective, perHour }: Verdict): string =>
  `seed ${seed}: ${kind} of ${objective}, ${Math.round(perHour)} an hour`;
