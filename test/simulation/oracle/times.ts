import type { Item, Value, Write } from "../../../core/model/write.ts";
import {
  DISPATCH_AHEAD_MS,
  LEASE_TTL_MS,
  LONGEST_DELAY_MS,
  LONGEST_REQUEST_MS,
  REQUEUE_GRACE_MS,
  SETTINGS,
} from "../services/settings.ts";
import { Violation } from "./violation.ts";

const MS = 1000;
const numberAt = (fields: Value | undefined, name: string): number | undefined => {
  const value = typeof fields === "object" && fields !== null ? (fields as Item)[name] : undefined;
  return typeof value === "number" ? value : undefined;
};

/**
 * Each time in a record follows from the setting that it is for.
 * @param nowMs by the clock of the writer. Undefined if that clock was changed while the write was on its way.
 */
export function checkTimes(process: string, { key, set = {} }: Write, after: Item, nowMs: number | undefined): void {
  const wrong = (what: string): Violation => new Violation(`${process} wrote to ${key}: ${what}`);
  const expiresAtS = numberAt(set, "expires_at");
  const endedAtMs = numberAt(set, "failed_at") ?? numberAt(after["op_index"], "at");
  if (expiresAtS !== undefined && endedAtMs !== undefined) {
    const keptMs = expiresAtS * MS - endedAtMs;
    if (Math.abs(keptMs - SETTINGS.recordRetentionMs) > MS) throw wrong(`its record is kept for ${keptMs} ms`);
  }
  const [availableAtMs, watchAtMs] = [numberAt(set, "available_at"), numberAt(set, "watch_at")];
  if (watchAtMs === undefined) return;
  // A write that puts off the next look at an item says nothing of its lease.
  const isHeld = after["lease_owner"] !== undefined && availableAtMs !== undefined;
  // A request takes effect after it was sent, so what it says is at most the full time ahead.
  if (isHeld && nowMs !== undefined && watchAtMs > nowMs + LEASE_TTL_MS)
    throw wrong(`its lease lasts ${watchAtMs - nowMs} ms`);
  if (isHeld) return;
  const waitsUntilMs = numberAt(after, "available_at") ?? 0;
  const isDispatched = availableAtMs === undefined && watchAtMs === waitsUntilMs + REQUEUE_GRACE_MS;
  if (availableAtMs === undefined && !isDispatched && nowMs !== undefined && watchAtMs > nowMs + REQUEUE_GRACE_MS)
    throw wrong(`it is watched in ${watchAtMs - nowMs} ms`);
  if (availableAtMs === undefined || availableAtMs === 0) return;
  // A write takes effect after its time was computed: what looks like a shorter wait may be a long one.
  const mayBeParked = nowMs === undefined || availableAtMs - nowMs > LONGEST_DELAY_MS - LONGEST_REQUEST_MS;
  const watchedAfterMs = watchAtMs - availableAtMs;
  if (watchedAfterMs !== REQUEUE_GRACE_MS && !(mayBeParked && watchedAfterMs === -DISPATCH_AHEAD_MS))
    throw wrong(`it is watched ${watchedAfterMs} ms after it is available`);
}
