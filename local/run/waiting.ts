import type { LocalDatabase, Row } from "../../adapters/local/database.ts";
import { waitAt } from "../../core/flow/host-plan.ts";
import { decodeHost, hostItemKey } from "../../core/flow/host-record.ts";
import { jobIdOf, jobItemKey } from "../../core/model/keys.ts";
import { hostOf, parseMessage, type JobMessage } from "../../core/model/message.ts";
import type { Item } from "../../core/model/write.ts";
import { LEASE_TTL_MS } from "../settings.ts";

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
 * A job that waits has a message that the queue keeps back. Without a record, it is the message of its last attempt:
 * hidden for longer than that of a job under way.
 */
const KEPT_BACK = "FROM queue WHERE receives = 0 AND visible_at > ?";
const HIDDEN = "FROM queue WHERE receives > 0 AND visible_at > ?";

const COUNT = `SELECT (SELECT COUNT(*) ${KEPT_BACK}) + (SELECT COUNT(*) ${HIDDEN}) AS count`;
const FIRST = `SELECT visible_at AS until, body ${KEPT_BACK} UNION ALL SELECT visible_at AS until, body ${HIDDEN}
  ORDER BY until LIMIT ${MOST_LOOKED_AT}`;
const REASON_OF = "SELECT json_extract(item, '$.reason') AS reason FROM items WHERE pk = ?";

const ITEM = "SELECT item FROM items WHERE pk = ?";

interface Wait {
  readonly url: string;
  readonly reason: string | undefined;
  readonly untilMs: number;
}

/** What waits for another attempt. Costs milliseconds, however many jobs there are. */
export function waitingJobs(database: LocalDatabase, nowMs: number): Waiting {
  const from = [nowMs, nowMs + LEASE_TTL_MS] as const;
  const jobs = Number(database.get(COUNT, ...from)?.["count"] ?? 0);
  if (jobs === 0) return { jobs, by: [] };
  const waits = database.all(FIRST, ...from).flatMap((row) => waitOf(database, row, nowMs));
  return { jobs, by: grouped(waits, jobs, nowMs) };
}

function waitOf(database: LocalDatabase, { body, until }: Row, nowMs: number): readonly Wait[] {
  const message = parseMessage(String(body));
  if (typeof message === "string") return [];
  const reason = message.waiting_since === undefined ? reasonOf(database, message) : hostWait(database, message, nowMs);
  return [{ url: message.url, reason, untilMs: Number(until) }];
}

function reasonOf(database: LocalDatabase, message: JobMessage): string | undefined {
  const reason = database.get(REASON_OF, jobItemKey(jobIdOf(message)))?.["reason"];
  return typeof reason === "string" ? reason : undefined;
}

/** A job whose host has no place for it may have no record. */
function hostWait(database: LocalDatabase, { url }: JobMessage, nowMs: number): string {
  const item = database.get(ITEM, hostItemKey(hostOf(url)))?.["item"];
  return waitAt(decodeHost(item === undefined ? undefined : (JSON.parse(String(item)) as Item)), nowMs);
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
