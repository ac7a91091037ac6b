/** What the parent and its worker processes tell each other. */
import type { RunChoices } from "../settings.ts";

/** How a job of the unguarded path ended. It has no record that would say so. */
export interface UnguardedEnd {
  readonly state: "PUBLISHED" | "FAILED";
  readonly sha256?: string;
  readonly bytes?: number;
  readonly contentType?: string;
  readonly reason?: string;
}

export interface EndNotice {
  readonly jobId: string;
  readonly unguarded?: UnguardedEnd;
}

export interface FileUnderWay {
  readonly jobId: string;
  /** Bytes staged by this process. */
  readonly bytes: number;
}

export type FromWorker =
  | { readonly kind: "ready" }
  /** The jobs have ended. What they published is on the disk. */
  | { readonly kind: "ended"; readonly ends: readonly EndNotice[] }
  /** `bytes` were received since the last report. */
  | { readonly kind: "activity"; readonly bytes: number; readonly files: readonly FileUnderWay[] }
  /** This machine stopped the work: see MachineTroubleError. */
  | { readonly kind: "trouble"; readonly sentence: string };

export interface WorkerAssignment extends RunChoices {
  readonly out: string;
  /** Name of the process: the prefix of its leases' owners. */
  readonly holder: string;
  /** Downloads at a time. */
  readonly slots: number;
  readonly clock: { readonly wallMs: number; readonly monotonicNs: string };
}

export type ToWorker = { readonly kind: "work"; readonly assignment: WorkerAssignment } | { readonly kind: "stop" };

/** Separates the holder's name from the rest of a lease owner. The unguarded path has the owner in its staging keys. */
const SEPARATOR = "_";

export const ownerOf = (holder: string, unique: string): string => `${holder}${SEPARATOR}${unique}`;
export const isHeldBy = (owner: string, holder: string): boolean => owner.startsWith(`${holder}${SEPARATOR}`);
