/** What a local run does not let its user choose, and within which bounds it does. */
import { availableParallelism } from "node:os";
import type { WorkerSettings } from "../core/worker/worker-deps.ts";

/** Parts of the size that the cloud uses by default: a crash costs at most one of them. */
export const PART_BYTES = 8 * 1024 * 1024;
/** A worker that dies is noticed at once. Only one that hangs keeps its jobs until their leases expire. */
export const LEASE_TTL_MS = 30_000;
/** No message gets lost here. But when long downloads hold all slots, what is due must wait for one. */
const REQUEUE_GRACE_MS = 600_000;
/** No record of a local run expires. */
const FOR_EVER_MS = 100 * 365 * 24 * 3600 * 1000;
/** The largest file of ext4 is 16 TiB. */
const MOST_BODY_BYTES = 16 * 1024 ** 4;

export const RECONCILE_EVERY_MS = 5_000;
/** As in the cloud, well above the attempts of any job. */
export const MOST_RECEIVES = 1_000;

export const HTTP_TIMEOUTS = { connectTimeoutMs: 10_000, idleTimeoutMs: 30_000 };

/** The most that a run may choose, and what it gets if it does not choose. The least is 1. */
export const CHOICES = {
  workers: { most: 64, usual: Math.min(4, availableParallelism()) },
  /** Downloads at a time. */
  jobs: { most: 1024, usual: 32 },
  attempts: { most: 100, usual: 8 },
} as const;

/** What each run chooses. */
export interface RunChoices {
  readonly allowPrivateHosts: boolean;
  /** The percentage of jobs on the guarded path. */
  readonly gate: number;
  /** Leases without progress after which a job fails. */
  readonly maxAttempts: number;
}

export const workerSettings = ({ allowPrivateHosts, gate, maxAttempts }: RunChoices): WorkerSettings => ({
  gateCeiling: gate,
  leaseTtlMs: LEASE_TTL_MS,
  requeueGraceMs: REQUEUE_GRACE_MS,
  recordRetentionMs: FOR_EVER_MS,
  deadlineBufferMs: 0,
  retry: { maxAttempts, baseMs: 500, capMs: 30_000 },
  // Invocations have no deadline here, so nothing is continued.
  maxHops: 0,
  maxBodyBytes: MOST_BODY_BYTES,
  allowedContentTypes: [],
  allowPrivateHosts,
});

export const reconcilerSettings = {
  requeueGraceMs: REQUEUE_GRACE_MS,
  recoverLimit: 1_000,
  sweepLimit: 1_000,
  /** The unguarded path keeps no record, and its longest transfer may last for hours. */
  orphanAgeMs: 24 * 3600 * 1000,
};
