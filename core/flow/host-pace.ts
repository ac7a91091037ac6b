/**
 * When the requests to a host with a pace are sent. No second has more than are allowed, whoever sends them, while
 * clocks agree. Clocks that differ by d put requests up to d closer together.
 */
import type { HostLimits } from "./host-limits.ts";
import type { HostRecord } from "./host-record.ts";

/** By so much a request may be sent after its time. On two cores, 16 processes send 93 to 98 of 100 in time. */
const LATEST_MS = 20;
/** By so much more of it the way to the origin may take than that of the request which follows a second later. */
const ON_THE_WAY_MS = 40;
/** Times are whole milliseconds. */
const ROUNDING_MS = 1;
/** A second's requests are spread over so much time: 0.94 of the pace is the most. */
const SLOTTED_MS = 1_000 + LATEST_MS + ON_THE_WAY_MS + ROUNDING_MS;

/**
 * Long enough that no second holds more requests than are allowed, even if its first one is as late as can be.
 * @param share of the limits that the host gets.
 */
export const intervalOf = ({ perSecond = Infinity }: HostLimits, share: number): number =>
  SLOTTED_MS / (perSecond * share);

/**
 * A request that is later than its time by more than this needs a new one. On a slow host it may be as much later as
 * the interval is longer, or whoever takes long to get its lease would never send one.
 */
const mayBeLateMs = (intervalMs: number): number => LATEST_MS * Math.max(1, intervalMs / SLOTTED_MS);

/**
 * The pace may have been slower when the last request was reserved, which may be as late as that pace allowed. If it
 * was faster, the times that are free lie too close together.
 */
export function atPace({ freeTurnsMs, lastAtMs, nextAtMs }: HostRecord, intervalMs: number): Reserved {
  const lastIntervalMs = nextAtMs - lastAtMs;
  const laterMs = Math.max(0, mayBeLateMs(lastIntervalMs) - mayBeLateMs(intervalMs));
  return {
    lastAtMs,
    nextAtMs: Math.min(nextAtMs, lastAtMs + intervalMs + laterMs),
    freeTurnsMs: lastIntervalMs >= intervalMs - ROUNDING_MS ? freeTurnsMs : [],
  };
}

/** By how much a request may be later than its time. */
export const graceOf = ({ perSecond = Infinity }: HostLimits): number => mayBeLateMs(SLOTTED_MS / perSecond);

interface Pace {
  /** 0: there is none. */
  readonly intervalMs: number;
  readonly firstMs: number;
  readonly horizonMs: number;
}

type Reserved = Pick<HostRecord, "freeTurnsMs" | "lastAtMs" | "nextAtMs">;

interface Times extends Reserved {
  readonly times: readonly number[];
}

/**
 * Times for up to `count` requests, none of them later than the horizon after the first one that is possible: those
 * that are free again, and then new ones.
 */
export function reserve(reserved: Reserved, count: number, { firstMs, horizonMs, intervalMs }: Pace): Times {
  if (intervalMs === 0) return { ...reserved, times: Array.from({ length: count }, () => firstMs) };
  const lastMs = firstMs + horizonMs;
  const again = reserved.freeTurnsMs.filter((ms) => ms >= firstMs && ms <= lastMs).slice(0, count);
  const freeTurnsMs = reserved.freeTurnsMs.filter((ms) => !again.includes(ms));
  const beginMs = Math.max(reserved.nextAtMs, firstMs);
  const fitting = Math.max(0, Math.floor((lastMs - beginMs) / intervalMs) + 1);
  const length = Math.min(count - again.length, fitting);
  if (length === 0) return { ...reserved, freeTurnsMs, times: again };
  const afterMs = beginMs + length * intervalMs;
  const times = Array.from({ length }, (_, n) => Math.ceil(beginMs + n * intervalMs));
  return { freeTurnsMs, times: [...again, ...times], nextAtMs: afterMs, lastAtMs: afterMs - intervalMs };
}
