/** What a job wants at a host's desk, and what it gets. */
import type { HostWait } from "../model/errors.ts";
import type { ConnectionPool } from "../ports/http.ts";
import type { Items } from "../ports/items.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import type { Plan, Wants } from "./host-plan.ts";

export interface FlowDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly items: Items;
  readonly pool: ConnectionPool;
  readonly settings: {
    /** For how long connections are held, unless they are renewed. */
    readonly leaseTtlMs: number;
    readonly longestDelayMs: number;
  };
}

/** When a request may be sent, by how much it may be later, and how far apart requests were to be. */
export interface Turn {
  readonly atMs: number;
  readonly graceMs: number;
  readonly crawlMs: number;
}

/** A turn for a further request; undefined if there is none soon, and then when there is. */
export interface Further {
  readonly turn: Turn | undefined;
  readonly opensAtMs: number;
  readonly why: HostWait;
}

export type Entry =
  /** `lost` is aborted when others count the connection as free: then it is not to be given back. */
  | { readonly kind: "in"; readonly turn: Turn; readonly lost: AbortSignal; readonly probeAtMs: number | undefined }
  | { readonly kind: "later"; readonly atMs: number; readonly why: HostWait };

export type Numbers = Pick<Wants, "connections" | "enters" | "leadMs" | "requests">;

/** What a process has to tell of a host beside what it wants. */
export type News = Pick<Wants, "heldMs" | "reports" | "unsentProbes" | "unusedTurns">;

export const NO_NEWS: News = { heldMs: [], reports: [], unsentProbes: [], unusedTurns: [] };

export const bothNews = (first: News, then: News): News => ({
  heldMs: [...first.heldMs, ...then.heldMs],
  reports: [...first.reports, ...then.reports],
  unsentProbes: [...first.unsentProbes, ...then.unsentProbes],
  unusedTurns: [...first.unusedTurns, ...then.unusedTurns],
});

/** After a write that may have been applied. A turn that is given back twice could be one that others have by then. */
export const toldAgain = (news: News): News => ({ ...news, unusedTurns: [] });

/** What was reserved for an entry, and not used: its `probeAtMs`, and the time of its turn. */
export interface Unused {
  readonly probeAtMs?: number | undefined;
  readonly turnMs?: number | undefined;
}

/** What one want gets out of the plan for all; the plan's lists are taken from. */
type Serve = (got: Got) => void;

export interface Got {
  readonly enters: number[];
  readonly later: number[];
  readonly requests: number[];
  connections: number;
  readonly opensAtMs: number;
  readonly graceMs: number;
  readonly crawlMs: number;
  readonly why: HostWait;
  readonly probeAtMs: number | undefined;
}

export interface Want extends Numbers {
  readonly serve: Serve;
  readonly fail: (error: unknown) => void;
}

export const gotFrom = (plan: Plan): Got => ({
  ...plan,
  enters: [...plan.enters],
  later: [...plan.later],
  requests: [...plan.requests],
  crawlMs: plan.next.crawlMs,
});

export const turnAt = (atMs: number | undefined, { crawlMs, graceMs }: Got): Turn | undefined =>
  atMs === undefined ? undefined : { atMs, graceMs, crawlMs };

export const NOTHING: Numbers = { enters: 0, requests: 0, connections: 0, leadMs: 0 };
