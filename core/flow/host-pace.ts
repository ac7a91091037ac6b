/**
 * When the requests to a host with a pace are sent. No second has more than are allowed, whoever sends them, while
 * clocks agree. Clocks that differ by d put requests up to d closer together.
 */
import type { HostLimits } from "./host-rule.ts";
import type { HostRecord } from "./host-record.ts";

/** By so much a request may be sent after its time. On two cores, 16 processes send 93 to 98 of 100 in time. */
const LATEST_MS = 20;
/** By so much more of it the way to the origin may take than that of the request which follows a second later. */
const ON_THE_WAY_MS = 40;
/** Times are whole milliseconds. */
const ROUNDING_MS = 1;
const SECOND_MS = 1_000;
/** A second's requests are spread over so much time: 0.94 of the pace is the most. */
const SLOTTED_MS = SECOND_MS + LATEST_MS + ON_THE_WAY_MS + ROUNDING_MS;
/**
 * On a host that gets less than one a second, requests may be later: by a quarter of what is beyond the second, up to
 * this. A process that has yet to lease the job, and to read the host's robots.txt, would never be in time otherwise.
 */
const LATER_SHARE = 1 / 4;
const LATER_MS = 1_500;
/** And by so much of a very long interval. */
const LEAST_SHARE = 1 / 50;
/** A first request is due that much after its reservation: before it, the lease is taken. */
const LEAD_MS = 50;
const LEAD_SHARE = 1 / 25;
const LONGEST_LEAD_MS = 1_000;

/** @param apartMs between two requests, as the host asks for it. */
const mayBeLateMs = (apartMs: number): number =>
  apartMs <= SECOND_MS
    ? LATEST_MS
    : Math.max(Math.min(LATEST_MS + (apartMs - SECOND_MS) * LATER_SHARE, LATER_MS), apartMs * LEAST_SHARE);

/** So that two are as far apart, even if the first one is as late as can be. */
const keptApartMs = (apartMs: number): number => apartMs + mayBeLateMs(apartMs) + ON_THE_WAY_MS + ROUNDING_MS;

/** By how much a request may be later than its time. One that is later than that needs a new one. */
export const graceOf = ({ perSecond = Infinity }: HostLimits, crawlMs: number): number =>
  mayBeLateMs(Math.max(SECOND_MS / perSecond, crawlMs));

/**
 * Long enough that no second holds more requests than are allowed, even if its first one is as late as can be, and that
 * two of them are as far apart as the host's robots.txt asks.
 * @param share of the limits that the host gets.
 */
export function intervalOf({ perSecond = Infinity }: HostLimits, share: number, crawlMs: number): number {
  const apartMs = SECOND_MS / (perSecond * share);
  const ofRuleMs = apartMs > SECOND_MS ? keptApartMs(apartMs) : (SLOTTED_MS * apartMs) / SECOND_MS;
  return Math.max(ofRuleMs, crawlMs > 0 ? keptApartMs(crawlMs) : 0);
}

/** How long before its time a first request is reserved, at least. */
export const leadOf = (intervalMs: number): number =>
  Math.max(LEAD_MS, Math.min(intervalMs * LEAD_SHARE, LONGEST_LEAD_MS));

/**
 * The pace may have been slower when the last request was reserved, which may be as late as that pace allowed. If it
 * was faster, the times that are free lie too close together.
 */
export function atPace(host: HostRecord, intervalMs: number, graceMs: number): Reserved {
  const { freeTurnsMs, lastAtMs, lastGraceMs, nextAtMs } = host;
  return {
    lastAtMs,
    nextAtMs: Math.min(nextAtMs, lastAtMs + intervalMs + Math.max(0, lastGraceMs - graceMs)),
    freeTurnsMs: nextAtMs - lastAtMs >= intervalMs - ROUNDING_MS ? freeTurnsMs : [],
  };
}

/**
 * Requests that are not sent after all: their times are free for whoever comes next, unless later ones are reserved.
 * The last time stays as it was. A pace that changes then finds no free time before the ones that are given back.
 */
export function giveBack(reserved: Reserved, unusedMs: readonly number[], intervalMs: number): Reserved {
  const latestFirst = [...unusedMs].sort((a, b) => b - a);
  const nextAtMs = latestFirst.reduce(
    (nextMs, ms) => (Math.abs(ms + intervalMs - nextMs) <= ROUNDING_MS ? ms : nextMs),
    reserved.nextAtMs,
  );
  return nextAtMs === reserved.nextAtMs ? reserved : { ...reserved, nextAtMs };
}

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
