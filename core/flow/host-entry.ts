/** What a job gets at a host's desk. */
import type { HostWait } from "../model/errors.ts";

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
