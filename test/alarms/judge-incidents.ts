/** Many incidents, and what the proof says about them. */
import { forIncidents, objectiveOf, verdictOf } from "./incidents.ts";
import type { Template } from "./cloudwatch/template.ts";

export interface Tally {
  incidents: number;
  healthy: number;
  burns: number;
  /** Of the burns, by the minute at which the arithmetic of whole numbers has a quarter gone. */
  caughtAtOnce: number;
  worstDelay: number;
  readonly missed: string[];
  readonly pagesAtHealthyNoise: string[];
  readonly wrongMinutes: string[];
  /** Alarms that went off, so that nobody takes silence for a proof. */
  readonly spoke: Map<string, number>;
}

/** A burn that is seen later than that has gone on unseen for too long. */
const LATEST_MINUTES = 15;

export const emptyTally = (): Tally => ({
  incidents: 0,
  healthy: 0,
  burns: 0,
  caughtAtOnce: 0,
  worstDelay: 0,
  missed: [],
  pagesAtHealthyNoise: [],
  wrongMinutes: [],
  spoke: new Map(),
});

/** Adds the incidents of the seeds from `from` up to and without `to`. */
export function tally(template: Template, from: number, to: number, into: Tally = emptyTally()): Tally {
  const templates = forIncidents(template);
  for (let seed = from; seed < to; seed++) {
    const verdict = verdictOf(seed, templates.get(objectiveOf(seed)) ?? template);
    const name = `seed ${seed}: ${verdict.kind} of ${verdict.objective}, ${Math.round(verdict.perHour)} an hour`;
    into.incidents++;
    if (verdict.kind === "healthy") into.healthy++;
    for (const alarm of verdict.firstAlarms.keys()) into.spoke.set(alarm, (into.spoke.get(alarm) ?? 0) + 1);
    into.wrongMinutes.push(...verdict.wrongMinutes.map((what) => `${name}: ${what}`));
    into.pagesAtHealthyNoise.push(...verdict.falsePages.map((what) => `${name}: ${what}`));
    if (verdict.caughtAfter === undefined) continue;
    into.burns++;
    if (verdict.caughtAfter <= 0) into.caughtAtOnce++;
    if (verdict.caughtAfter > LATEST_MINUTES) into.missed.push(`${name}: ${verdict.caughtAfter} minutes`);
    else into.worstDelay = Math.max(into.worstDelay, verdict.caughtAfter);
  }
  return into;
}
