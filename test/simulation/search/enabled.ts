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
  "ranges",
  "hosts",
  "lanes",
  "cancels",
] as const;
export type Hazard = (typeof HAZARDS)[number];

/** The hazards that the search draws. Leave out one here that the product does not survive yet. */
export const ENABLED: ReadonlySet<Hazard> = new Set(HAZARDS);

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
