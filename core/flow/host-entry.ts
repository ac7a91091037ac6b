/** What a job wants at a host's desk, and what it gets. */
import type { HostWait } from "../model/errors.ts";
import type { Wants } from "./host-plan.ts";

/** When a request may be sent, and by how much it may be later. */
export interface Turn {
  readonly atMs: number;
  readonly graceMs: number;
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

export type Numbers = Pick<Wants, "connections" | "enters" | "requests">;
/** What one want gets out of the plan for all; the plan's lists are taken from. */
type Serve = (got: Got) => void;

export interface Got {
  readonly enters: number[];
  readonly later: number[];
  readonly requests: number[];
  connections: number;
  readonly opensAtMs: number;
  readonly graceMs: number;
  readonly why: HostWait;
  readonly probeAtMs: number | undefined;
}

export interface Want extends Numbers {
  readonly serve: Serve;
  readonly fail: (error: unknown) => void;
}

export const NOTHING: Numbers = { enters: 0, requests: 0, connections: 0 };
