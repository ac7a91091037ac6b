/**
 * Trouble that a schedule may have besides the faults that strike single calls. Append new hazards at the end: what the
 * others draw from a seed then stays the same.
 */
export const HAZARDS = [
  "echo",
  "lasting",
  "lost answer",
  "limits",
  "crowd",
  "late parts",
  "warm",
  "queue",
  "expiry",
  "lag",
] as const;
export type Hazard = (typeof HAZARDS)[number];

/** Hazards whose oracle still takes sound schedules for violations. `--hazards` draws them all the same. */
const UNFINISHED = new Set<Hazard>(["queue", "expiry", "lag"]);

/** The hazards that the search draws. */
export const ENABLED: ReadonlySet<Hazard> = new Set(HAZARDS.filter((hazard) => !UNFINISHED.has(hazard)));
