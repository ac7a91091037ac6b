import type { Checkpoint } from "../model/record.ts";
import type { HostMemory } from "../origin/host-memory.ts";
import type { OriginDeps, OriginSettings } from "../origin/origin-deps.ts";
import type { Digests } from "../ports/digests.ts";
import type { DirectContent } from "../ports/content.ts";
import type { Staging } from "../ports/staging.ts";
import type { PaceLimits } from "./pace.ts";
import type { Buffers } from "./part-buffers.ts";

export interface ShortLane {
  /** A body of this length is a long one. In bytes. */
  readonly longFromBytes: number;
  /** A body that still comes after this time is a long one, or too slow. */
  readonly shortLaneMs: number;
}

export interface TransferSettings extends OriginSettings {
  readonly maxBodyBytes: number;
  /** Media types or `type/*`; empty allows all. */
  readonly allowedContentTypes: readonly string[];
  /** Whether a body that comes with a content coding is stored as it came. Otherwise the coding is taken away. */
  readonly keepsContentEncoding: boolean;
  readonly pace: PaceLimits;
  /** Shorter bodies are not staged, if they fit in a part. In bytes; 0: every body is staged. */
  readonly stageFromBytes: number;
  /** Undefined: this worker takes what is long, too. */
  readonly shortLane: ShortLane | undefined;
  /** Connections in a row that bring little of a body, after which an attempt ends. 0: the first one that breaks. */
  readonly mostBrokenConnections: number;
  /** Connections over which one file may come at a time. 1: large files come over one, too. */
  readonly mostRanges: number;
}

/** What a transfer needs from its caller. */
export interface TransferDeps extends OriginDeps {
  readonly staging: Staging;
  /** Undefined: every body is staged. */
  readonly direct: DirectContent | undefined;
  readonly digests: Digests;
  readonly buffers: Buffers;
  /** Where a file does not come faster over several connections. */
  readonly ranges: HostMemory;
  readonly settings: TransferSettings;
}

/** The owner of a staged body: a job under lease, or the plain path, which keeps nothing. */
export interface StagingOwner {
  readonly jobId: string;
  /** Names the staging object, so that no two attempts write to the same one. */
  readonly stagedBy: string;
  readonly checkpoint: Checkpoint | undefined;
  /** Whether a later attempt can continue from what this one saves. */
  readonly keepsCheckpoints: boolean;
  /** `isProgress`: nothing that was staged earlier had to be given up for this checkpoint. */
  saveCheckpoint(checkpoint: Checkpoint, isProgress: boolean): Promise<void>;
  noteResumed(bytes: number): void;
}
