/**
 * What all workers know of a host: one item, `HOST#<host>`. Every write replaces the whole of it, and names the version
 * that its writer has seen: of two writers at once, the second is refused, and plans again from what it is shown.
 */
import * as z from "zod/mini";
import { DamagedRecordError } from "../model/errors.ts";
import { canonicalJson } from "../model/keys.ts";
import type { Clause, Item, Write } from "../model/write.ts";

export interface Holder {
  readonly connections: number;
  /** From then on, its holder counts as dead. */
  readonly untilMs: number;
  /** For when it has reserved requests: at least those that it has not sent. */
  readonly turnsMs: readonly number[];
}

export interface HostRecord {
  readonly version: number;
  /** When the next request may be sent, and for when the last one was reserved. */
  readonly nextAtMs: number;
  readonly lastAtMs: number;
  /** By how much the last one may be later than that. */
  readonly lastGraceMs: number;
  /** Times before that one, of requests that processes had reserved which died before they sent them. */
  readonly freeTurnsMs: readonly number[];
  /** The `Crawl-delay` of its robots.txt. 0: it has none. */
  readonly crawlMs: number;
  /** Jobs that found no place were told to come back until then, one after another. */
  readonly queuedUntilMs: number;
  /** No request before: the host has asked for it. */
  readonly restUntilMs: number;
  /** The share of its limits that the host got when it was last slowed down. It grows back from then on. */
  readonly share: number;
  readonly slowedAtMs: number;
  /** Requests in a row that got no answer, or one that says that the host has failed. */
  readonly failures: number;
  /** Since when the host counts as down. 0: it does not. */
  readonly downSinceMs: number;
  /** When the next request may find out whether it is back, and how many have found that it is not. */
  readonly probeAtMs: number;
  readonly probes: number;
  /** How long a job holds its connection: a running mean. */
  readonly holdMs: number;
  /** By the name of a worker process. */
  readonly holders: Readonly<Record<string, Holder>>;
}

/** Until something is known. */
const FIRST_HOLD_MS = 400;
/** An item that nobody has written for so long is removed by the table. */
const KEPT_MS = 7 * 24 * 3_600_000;

export const NEW_HOST: HostRecord = {
  version: 0,
  nextAtMs: 0,
  lastAtMs: 0,
  lastGraceMs: 0,
  freeTurnsMs: [],
  crawlMs: 0,
  queuedUntilMs: 0,
  restUntilMs: 0,
  share: 1,
  slowedAtMs: 0,
  failures: 0,
  downSinceMs: 0,
  probeAtMs: 0,
  probes: 0,
  holdMs: FIRST_HOLD_MS,
  holders: {},
};

/** Of the keys of all hosts. */
export const HOST_PREFIX = "HOST#";
export const hostItemKey = (host: string): string => `${HOST_PREFIX}${host}`;

const stored = z.object({
  version: z.int(),
  next_at: z.number(),
  last_at: z.optional(z.number()),
  last_grace: z.optional(z.number()),
  free_turns: z.optional(z.array(z.number())),
  crawl_ms: z.optional(z.number()),
  queued_until: z.number(),
  rest_until: z.number(),
  share: z.number(),
  slowed_at: z.number(),
  failures: z.int(),
  down_since: z.number(),
  probe_at: z.number(),
  probes: z.int(),
  hold_ms: z.number(),
  holders: z.record(z.string(), z.object({ n: z.int(), until: z.number(), turns: z.optional(z.array(z.number())) })),
});

/** @throws DamagedRecordError for an item that is not a host's. */
export function decodeHost(item: Item | undefined): HostRecord {
  if (item === undefined) return NEW_HOST;
  const { data, error } = stored.safeParse(item);
  if (error) throw new DamagedRecordError(item, error.issues.map(({ path }) => path.join(".")).join(", "));
  return {
    version: data.version,
    nextAtMs: data.next_at,
    lastAtMs: data.last_at ?? data.next_at,
    lastGraceMs: data.last_grace ?? 0,
    freeTurnsMs: data.free_turns ?? [],
    crawlMs: data.crawl_ms ?? 0,
    queuedUntilMs: data.queued_until,
    restUntilMs: data.rest_until,
    share: data.share,
    slowedAtMs: data.slowed_at,
    failures: data.failures,
    downSinceMs: data.down_since,
    probeAtMs: data.probe_at,
    probes: data.probes,
    holdMs: data.hold_ms,
    holders: Object.fromEntries(
      Object.entries(data.holders).map(([name, { n, turns = [], until }]) => [
        name,
        { connections: n, untilMs: until, turnsMs: turns },
      ]),
    ),
  };
}

const encodeHost = (host: HostRecord): Item => ({
  next_at: host.nextAtMs,
  last_at: host.lastAtMs,
  last_grace: host.lastGraceMs,
  free_turns: host.freeTurnsMs,
  crawl_ms: host.crawlMs,
  queued_until: host.queuedUntilMs,
  rest_until: host.restUntilMs,
  share: host.share,
  slowed_at: host.slowedAtMs,
  failures: host.failures,
  down_since: host.downSinceMs,
  probe_at: host.probeAtMs,
  probes: host.probes,
  hold_ms: host.holdMs,
  holders: Object.fromEntries(
    Object.entries(host.holders).map(([name, { connections, turnsMs, untilMs }]) => [
      name,
      { n: connections, until: untilMs, turns: turnsMs },
    ]),
  ),
});

/** @param by a name of this write alone: an item that bears it and refuses the write shows that it was applied. */
export function writeHost(host: string, seen: HostRecord, next: HostRecord, by: string, nowMs: number): Write {
  const isAsSeen: Clause =
    seen.version === 0 ? { attribute: "pk", is: "absent" } : { attribute: "version", is: "=", than: seen.version };
  return {
    key: hostItemKey(host),
    when: [[isAsSeen]],
    set: { ...encodeHost(next), version: seen.version + 1, by, expires_at: Math.ceil((nowMs + KEPT_MS) / 1000) },
  };
}

/** Whether nothing differs that is worth a write. */
export const isSameHost = (a: HostRecord, b: HostRecord): boolean =>
  canonicalJson(encodeHost({ ...a, holdMs: 0 })) === canonicalJson(encodeHost({ ...b, holdMs: 0 }));
