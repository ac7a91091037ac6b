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

/** A fault that strikes only calls of its own kind. */
export type TargetedFault =
  | "echo"
  | "lasting"
  | "lost answer"
  | "slow batch"
  | "all workers die"
  | "late part"
  | "gate turned"
  | "failed read"
  | "init fails"
  | "letters cut short"
  | "early duplicate"
  | "long Retry-After";
