import type { JobRecord } from "../../core/model/record.ts";
import { STORED_STATES } from "../../core/model/states.ts";

/** A reconciler that runs brings back what is due within two runs. */
export const LATE_MS = 120_000;

/**
 * - `stored`, `failed`: it has ended.
 * - `held`: a worker holds it. `expired`: its holder's lease has ended, and nobody has taken it away yet.
 * - `parked`: it waits without a message; the reconciler sends one in time.
 * - `delayed`: it waits, and so does its message, in the queue.
 * - `available`: it may be taken now.
 */
export type Situation = "stored" | "failed" | "held" | "expired" | "parked" | "delayed" | "available";

export function situationOf(job: JobRecord, nowMs: number): Situation {
  const { availableAtMs = 0, leaseOwner, state, watchAtMs } = job;
  if ((STORED_STATES as readonly string[]).includes(state)) return "stored";
  if (state === "FAILED") return "failed";
  if (leaseOwner !== undefined) return availableAtMs > nowMs ? "held" : "expired";
  // As isParked says of a record as it is stored.
  if (watchAtMs !== undefined && watchAtMs < availableAtMs) return "parked";
  return availableAtMs > nowMs ? "delayed" : "available";
}

/** Whether the reconciler should have brought it back by now. */
export const isOverdue = ({ watchAtMs }: JobRecord, nowMs: number): boolean =>
  watchAtMs !== undefined && nowMs - watchAtMs > LATE_MS;
