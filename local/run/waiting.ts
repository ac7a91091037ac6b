import type { LocalDatabase, Row } from "../../adapters/local/database.ts";
import { jobIdOf, jobItemKey, watchShards } from "../../core/model/keys.ts";
import { parseMessage } from "../../core/model/message.ts";
import { LEASE_TTL_MS, reconcilerSettings } from "../settings.ts";

/** Jobs of one host that wait for another attempt, for one reason. */
export interface Waits {
  readonly host: string;
  /** Why the last attempt ended. Undefined: nothing is recorded, because idempotency is off for the job. */
  readonly reason: string | undefined;
  /** Undefined: not all of them were looked at. */
  readonly jobs: number | undefined;
  /** How long until the first of them goes on. */
  readonly inMs: number;
}

export interface Waiting {
  readonly jobs: number;
  /** Those with most jobs first. */
  readonly by: readonly Waits[];
}

/** So many are looked at, so that the list may be of any length: those that go on first. */
const MOST_LOOKED_AT = 200;

/**
 * The reconciler looks at a waiting job a fixed time after the job is available, and at a leased one when its lease
 * ends, which is sooner. So the index `watch` alone tells waiting jobs from others.
 */
const GRACE_MS = reconcilerSettings.requeueGraceMs;
const SHARDS = watchShards().join();
const IN_WATCH = `FROM items WHERE watch_shard IN (${SHARDS}) AND watch_at > ? AND watch_at <= ?`;
/** A leased job's message is hidden no longer than the lease. Waits of an earlier run are not in the index above. */
const IN_QUEUE = "FROM queue WHERE receives > 0 AND visible_at > ?";

const COUNT_SHORT = `SELECT COUNT(*) AS count ${IN_WATCH}`;
const COUNT_LONG = `SELECT COUNT(*) AS count ${IN_QUEUE}`;
const SHORT = `SELECT watch_at - ${GRACE_MS} AS until, json_extract(item, '$.url') AS url,
  json_extract(item, '$.reason') AS reason ${IN_WATCH} ORDER BY watch_at LIMIT ${MOST_LOOKED_AT}`;
const LONG = `SELECT visible_at AS until, body ${IN_QUEUE} ORDER BY visible_at LIMIT ${MOST_LOOKED_AT}`;
const REASON_OF = "SELECT json_extract(item, '$.reason') AS reason FROM items WHERE pk = ?";

interface Wait {
  readonly url: string;
  readonly reason: string | undefined;
  readonly untilMs: number;
}

const count = (row: Row | undefined): number => Number(row?.["count"] ?? 0);

/** What waits for another attempt. Costs milliseconds, however many jobs there are. */
export function waitingJobs(database: LocalDatabase, nowMs: number): Waiting {
  const short = [nowMs + GRACE_MS, nowMs + GRACE_MS + LEASE_TTL_MS] as const;
  const longFromMs = nowMs + LEASE_TTL_MS;
  const jobs = count(database.get(COUNT_SHORT, ...short)) + count(database.get(COUNT_LONG, longFromMs));
  if (jobs === 0) return { jobs, by: [] };
  const waits = [
    ...database.all(SHORT, ...short).map(shortWait),
    ...database.all(LONG, longFromMs).flatMap((row) => longWait(database, row)),
  ];
  return { jobs, by: grouped(waits.slice(0, MOST_LOOKED_AT), jobs, nowMs) };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const shortWait = ({ reason, until, url }: Row): Wait => ({
  url: String(url),
  reason: textOf(reason),
  untilMs: Number(until),
});

function longWait(database: LocalDatabase, { body, until }: Row): readonly Wait[] {
  const message = parseMessage(String(body));
  if (typeof message === "string") return [];
  const reason = database.get(REASON_OF, jobItemKey(jobIdOf(message)))?.["reason"];
  return [{ url: message.url, reason: textOf(reason), untilMs: Number(until) }];
}

function grouped(waits: readonly Wait[], all: number, nowMs: number): readonly Waits[] {
  const groups = Map.groupBy(waits, ({ reason, url }) => JSON.stringify([new URL(url).host, reason]));
  return [...groups.values()]
    .toSorted((a, b) => b.length - a.length)
    .flatMap((group) => {
      const [first] = group;
      if (!first) return [];
      const jobs = waits.length < all ? undefined : group.length;
      const untilMs = Math.min(...group.map((wait) => wait.untilMs));
      return [{ host: new URL(first.url).host, reason: first.reason, jobs, inMs: Math.max(0, untilMs - nowMs) }];
    });
}
