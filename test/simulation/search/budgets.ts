/** How long the jobs of a random schedule may take, and how often they may be tried. */
import type { Lasting } from "../services/lasting.ts";
import { INVOCATION_MS, MAX_ATTEMPTS, MAX_RECEIVES, PART_BYTES, SETTINGS } from "../services/settings.ts";
import type { Schedule } from "./schedule.ts";
import type { Shape } from "./shape.ts";

/** A host that counts as down is asked again after six minutes at most, and jobs wait for each other's places. */
export const HOST_PATIENCE_MS = 1_200_000;
/** The sequential calls of one attempt at the largest body. `attemptMs` adds the backoff before the next attempt. */
const CALLS_OF_AN_ATTEMPT = 60;
/** A byte of a body that comes in ranges costs three calls at most, over two connections. */
const CALLS_OF_A_BYTE = 1.5;
export const attemptMs = (shape: Shape, mostRanges: number): number => {
  // The unguarded path keeps nothing: a file that does not fit an invocation is tried until its message is given up.
  const triesMs = shape.gate < 100 && isHandedOn(shape) ? MAX_RECEIVES * INVOCATION_MS : 0;
  const rangeCalls = mostRanges > 1 ? CALLS_OF_A_BYTE * PART_BYTES * mostParts(shape) : 0;
  return (CALLS_OF_AN_ATTEMPT + rangeCalls) * 2 * shape.latencyMs + 10_000 + triesMs;
};

const isHandedOn = ({ deadlineBufferMs }: Shape): boolean => deadlineBufferMs > SETTINGS.deadlineBufferMs;

/** Of the largest body. */
function mostParts({ resources }: Shape): number {
  const bodies = [...resources.values()].flatMap(({ versions }) => versions);
  return Math.max(0, ...bodies.map(({ length }) => Math.ceil(length / PART_BYTES)));
}

/**
 * How often a job may wait until one clock has passed the time of another: at each continuation once more, and when
 * it is handed over to the long lane. A turn at a host with a pace is by the clock of whoever has it: each job may wait
 * for that of another.
 */
export function waitsForClocks({ hazards, shape }: Schedule): number {
  const turns = hazards.hostRules.length + hazards.hostChanges.length > 0 ? shape.messages.length : 0;
  return 2 + turns + (hazards.shortLane ? 1 : 0) + (isHandedOn(shape) ? mostParts(shape) : 0);
}

/**
 * A job that a lasting failure affects may use its whole budget: all attempts, anew after each part by which it got
 * further than before, and continuations if it needs any.
 */
export function lastingAttempts(shape: Shape, lasting: Lasting | undefined): number {
  if (!lasting || lasting.kind === "poison" || "forMs" in lasting) return 0;
  const continuations = isHandedOn(shape) ? SETTINGS.maxHops : 0;
  return MAX_ATTEMPTS * (1 + mostParts(shape)) + continuations;
}
