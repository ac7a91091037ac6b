/**
 * What happens to a host's record, without I/O: who gets a connection and when its request may be sent, when the others
 * come back, and what answers do to the host's health.
 *
 * Never above the connections, while clocks differ by less than a holder's time to live minus the time between two
 * renewals. The pace: host-pace.ts.
 */
import type { HostWait } from "../model/errors.ts";
import type { HostLimits } from "./host-rule.ts";
import { atPace, giveBack, graceOf, intervalOf, leadOf, reserve } from "./host-pace.ts";
import type { Holder, HostRecord } from "./host-record.ts";

/** How far ahead requests are reserved, at most. Whoever waits for one holds a connection. */
const HORIZON_MS = 1_000;
/** The same for a request of a job that is under way. */
const LONGEST_PAUSE_MS = 3_000;
/** So many times as many jobs are told to come back as there are places for: some find a place earlier, or die. */
const OVERBOOKED = 1.25;

const LEAST_SHARE = 1 / 16;
/** From nothing to the whole of its limits. */
const RECOVERS_IN_MS = 600_000;
/** Failures in a row, from which on a host counts as down. */
const DOWN_FROM = 5;
const FIRST_PROBE_MS = 5_000;
const LONGEST_PROBE_MS = 360_000;
/** A holder with less of its time left is renewed. */
const FRESH_SHARE = 0.8;
/**
 * The weight of the last job in the time that a connection is held, if that was longer, and if it was shorter. Jobs
 * that come back too early cost messages, those that come back too late cost the host's pace. And first jobs of a
 * process take it longer.
 */
const LONGER_WEIGHT = 0.03;
const SHORTER_WEIGHT = 0.2;

/** What the answer to a request, or its absence, says of the host. */
export type Report =
  | { readonly kind: "well" }
  /** Too many requests. */
  | { readonly kind: "busy"; readonly askedAtMs: number }
  | { readonly kind: "failed"; readonly askedAtMs: number }
  /** Its robots.txt was read: how far apart two requests are to be. 0: it does not say. */
  | { readonly kind: "crawl"; readonly delayMs: number }
  | { readonly kind: "rest"; readonly untilMs: number };

export interface Wants {
  /** Connections that the process has in use, and for how long jobs have held those that they gave back. */
  readonly used: number;
  readonly heldMs: readonly number[];
  readonly reports: readonly Report[];
  /** Probes that were let in, but for which nothing was asked: their `probeAtMs`. */
  readonly unsentProbes: readonly number[];
  /** Times that were reserved for jobs which have not used them. */
  readonly unusedTurns: readonly number[];
  /** Jobs that need a connection and a request. */
  readonly enters: number;
  /** Further requests over connections that are in use. */
  readonly requests: number;
  /** Further connections for jobs that are in. */
  readonly connections: number;
  /** How far ahead of their times further requests are reserved, at least. */
  readonly leadMs: number;
}

export interface Plan {
  readonly next: HostRecord;
  /** When the request of each job that got in may be sent. The others do not get in. */
  readonly enters: readonly number[];
  /** When each job that does not get in should try again, and why. */
  readonly later: readonly number[];
  /** Why those have to wait that do. */
  readonly why: HostWait;
  /** When the host has room for another request. */
  readonly opensAtMs: number;
  /** When each further request may be sent. */
  readonly requests: readonly number[];
  /** By how much a request may be later than its time. */
  readonly graceMs: number;
  readonly connections: number;
  /** Set if the job that got in is a probe: when the next one may be sent. */
  readonly probeAtMs: number | undefined;
}

export interface Terms {
  readonly limits: HostLimits;
  readonly me: string;
  readonly nowMs: number;
  /** For how long the process holds its connections, unless it renews them. */
  readonly holdsMs: number;
  /** The longest time that a job can be told to come back after, and a random number below 1 for what is beyond. */
  readonly longestDelayMs: number;
  readonly fraction: number;
}

export function planHost(seen: HostRecord, wants: Wants, terms: Terms): Plan {
  const { limits, me, nowMs } = terms;
  const healthy = wants.reports.reduce((host, report) => reported(host, report, nowMs), seen);
  const host = wants.heldMs.reduce(meanHold, withUnsent(healthy, wants.unsentProbes, nowMs));
  const others = Object.entries(host.holders).filter(([name, { untilMs }]) => name !== me && untilMs > nowMs);
  const most = connectionsOf(host, limits, nowMs);
  const free = Math.max(0, most - others.reduce((sum, [, { connections }]) => sum + connections, 0) - wants.used);
  const intervalMs = intervalOf(limits, shareOf(host, nowMs), host.crawlMs);

  const isProbe = host.downSinceMs > 0;
  const shutUntilMs = Math.max(host.restUntilMs, isProbe ? host.probeAtMs : 0);
  const isShut = shutUntilMs > nowMs;
  const mostEnters = isShut ? 0 : Math.min(wants.enters, free, isProbe ? 1 : Infinity);
  // Two thirds of the connections may wait for their request at a time: the others are left for those that send one.
  const horizonMs = Math.min(HORIZON_MS, (intervalMs * most * 2) / 3);
  const graceMs = graceOf(limits, host.crawlMs);
  const firstMs = nowMs + leadOf(intervalMs);
  const paced = atPace(host, intervalMs, graceMs);
  const givenBack = giveBack(paced, wants.unusedTurns, intervalMs);
  const slots = reserve(givenBack, mostEnters, { intervalMs, firstMs, horizonMs });
  const entered = slots.times.length;
  const mostRequests = isShut ? 0 : wants.requests;
  const pause = { intervalMs, firstMs: nowMs + wants.leadMs, horizonMs: LONGEST_PAUSE_MS };
  const further = reserve(slots, mostRequests, pause);
  const connections = isShut || isProbe ? 0 : Math.min(wants.connections, free - entered);
  const used = wants.used + entered + connections;
  const opensAtMs = Math.max(shutUntilMs, further.nextAtMs, nowMs);
  const queue = comeBack(host, wants.enters - entered, {
    ...terms,
    fromMs: opensAtMs,
    spacingMs: Math.max(intervalMs, limits.connections === undefined ? 0 : host.holdMs / most) / OVERBOOKED,
  });
  const turns = intervalMs === 0 ? [] : [...slots.times, ...further.times];
  const before = withoutTurns(host.holders[me], wants.unusedTurns);
  const mine = limits.connections !== undefined && used > 0 ? held(before, used, turns, terms) : undefined;
  const probeAtMs = isProbe && entered > 0 ? nowMs + probePauseMs(host.probes) : undefined;
  const holders = mine ? [...others, [me, mine] as const] : others;
  return {
    next: {
      ...host,
      ...(givenBack !== paced && { nextAtMs: givenBack.nextAtMs }),
      ...(turns.length > 0 && {
        nextAtMs: further.nextAtMs,
        lastAtMs: further.lastAtMs,
        lastGraceMs: graceMs,
        freeTurnsMs: further.freeTurnsMs.filter((ms) => ms > nowMs),
      }),
      queuedUntilMs: queue.untilMs,
      ...(probeAtMs !== undefined && { probeAtMs }),
      holders: Object.fromEntries(holders),
    },
    enters: slots.times,
    later: queue.times,
    why: waitAt(host, nowMs),
    opensAtMs,
    requests: further.times,
    graceMs,
    connections,
    probeAtMs,
  };
}

/** If its holder dies, a turn that it has given back is not free a second time. */
const withoutTurns = (holder: Holder | undefined, givenBackMs: readonly number[]): Holder | undefined =>
  holder && { ...holder, turnsMs: holder.turnsMs.filter((ms) => !givenBackMs.includes(ms)) };

/** The same as before, unless it is time to renew it: so that nothing is written without need. */
function held(
  before: Holder | undefined,
  connections: number,
  turns: readonly number[],
  { holdsMs, nowMs }: Terms,
): Holder {
  const isFresh = before !== undefined && before.untilMs >= nowMs + FRESH_SHARE * holdsMs;
  if (isFresh && before.connections === connections && turns.length === 0) return before;
  const turnsMs = [...(before?.turnsMs.filter((ms) => ms > nowMs) ?? []), ...turns];
  return { connections, untilMs: nowMs + holdsMs, turnsMs };
}

/** Why a job has to wait for the host. */
export const waitAt = ({ downSinceMs, restUntilMs }: HostRecord, nowMs: number): HostWait => {
  if (downSinceMs > 0) return "host_down";
  return restUntilMs > nowMs ? "host_resting" : "host_full";
};

/** Whether a request to the host is worth a place: then HEAD, which only informs, is left out. */
export const isPrecious = (host: HostRecord, limits: HostLimits): boolean =>
  isPaced(host, limits) || host.failures > 0 || host.share < 1;

/** Whether requests to the host have times of their own. */
export const isPaced = ({ crawlMs }: HostRecord, { perSecond }: HostLimits): boolean =>
  perSecond !== undefined || crawlMs > 0;

export const isDown = ({ downSinceMs }: HostRecord): boolean => downSinceMs > 0;

/** Of its limits, at that time. */
export const shareOf = ({ share, slowedAtMs }: HostRecord, nowMs: number): number =>
  Math.min(1, share + Math.max(0, nowMs - slowedAtMs) / RECOVERS_IN_MS);

/** Whether it gets less than its limits, because it has asked for that. */
export const isSlowed = (host: HostRecord, nowMs: number): boolean => shareOf(host, nowMs) < 1;

/** When it gets all of its limits again. */
export const wholeAgainMs = ({ share, slowedAtMs }: HostRecord): number => slowedAtMs + (1 - share) * RECOVERS_IN_MS;

const connectionsOf = (host: HostRecord, { connections = Infinity }: HostLimits, nowMs: number): number =>
  Math.max(1, Math.floor(connections * shareOf(host, nowMs)));

interface Queueing extends Terms {
  readonly fromMs: number;
  readonly spacingMs: number;
}

/** The next times in the queue of the host; for what is beyond the longest delay, any time in its last third. */
function comeBack(
  host: HostRecord,
  count: number,
  { fraction, fromMs, longestDelayMs, nowMs, spacingMs }: Queueing,
): { readonly times: readonly number[]; readonly untilMs: number } {
  const beginMs = Math.max(host.queuedUntilMs, fromMs);
  let untilMs = beginMs;
  const latestMs = nowMs + longestDelayMs;
  const times = Array.from({ length: count }, (_, n) => {
    const atMs = untilMs + spacingMs;
    if (atMs > latestMs) return Math.ceil(nowMs + longestDelayMs * (1 - ((fraction + n / count) % 1) / 3));
    untilMs = atMs;
    return Math.ceil(atMs);
  });
  // A time that is past is not moved to now: that would be a write, and says nothing new.
  return { times, untilMs: untilMs > beginMs ? untilMs : host.queuedUntilMs };
}

function meanHold(host: HostRecord, heldMs: number): HostRecord {
  const weight = heldMs > host.holdMs ? LONGER_WEIGHT : SHORTER_WEIGHT;
  return { ...host, holdMs: host.holdMs + weight * (heldMs - host.holdMs) };
}

/** The message of a job that is done gets in as well. The probe that it did not send is free for the next job. */
const withUnsent = (host: HostRecord, unsentProbes: readonly number[], nowMs: number): HostRecord =>
  host.downSinceMs > 0 && unsentProbes.includes(host.probeAtMs) ? { ...host, probeAtMs: nowMs } : host;

const probePauseMs = (probes: number): number => Math.min(LONGEST_PROBE_MS, FIRST_PROBE_MS * 2 ** probes);

function reported(host: HostRecord, report: Report, nowMs: number): HostRecord {
  switch (report.kind) {
    case "well":
      return host.failures === 0 ? host : { ...host, failures: 0, downSinceMs: 0, probeAtMs: 0, probes: 0 };
    case "rest":
      return { ...host, restUntilMs: Math.max(host.restUntilMs, report.untilMs) };
    case "crawl":
      return atCrawlDelay(host, report.delayMs, nowMs);
    case "busy":
      // Several requests that were under way at the same time slow the host down once.
      if (report.askedAtMs < host.slowedAtMs) return host;
      return { ...host, share: Math.max(LEAST_SHARE, shareOf(host, nowMs) / 2), slowedAtMs: nowMs };
    case "failed":
      return failedOnce(host, report.askedAtMs, nowMs);
  }
}

/** The request for robots.txt counts: the next one keeps the distance from it. */
function atCrawlDelay(host: HostRecord, crawlMs: number, nowMs: number): HostRecord {
  if (crawlMs <= host.crawlMs) return { ...host, crawlMs };
  const lastAtMs = Math.max(host.lastAtMs, nowMs);
  const nextAtMs = Math.max(host.nextAtMs, lastAtMs + intervalOf({}, 1, crawlMs));
  return { ...host, crawlMs, lastAtMs, nextAtMs, lastGraceMs: graceOf({}, crawlMs) };
}

function failedOnce(host: HostRecord, askedAtMs: number, nowMs: number): HostRecord {
  const failures = host.failures + 1;
  if (failures < DOWN_FROM || (host.downSinceMs > 0 && askedAtMs < host.downSinceMs)) return { ...host, failures };
  const probes = host.downSinceMs > 0 ? host.probes + 1 : 0;
  return {
    ...host,
    failures,
    downSinceMs: host.downSinceMs > 0 ? host.downSinceMs : nowMs,
    probes,
    probeAtMs: nowMs + probePauseMs(probes),
  };
}
