import type { WorkerSettings } from "../../../core/worker/worker-deps.ts";

/** Everything in small, so that a body of a few bytes has parts, and a lease expires within a schedule. */
export const PART_BYTES = 8;
export const LEASE_TTL_MS = 15_000;
export const RECONCILE_EVERY_MS = 20_000;
export const REQUEUE_GRACE_MS = 30_000;
export const VISIBILITY_MS = 60_000;
export const INVOCATION_MS = 60_000;
export const POLL_EVERY_MS = 1_000;
export const ORPHAN_AGE_MS = 120_000;
export const MAX_RECEIVES = 50;
export const MAX_ATTEMPTS = 6;
export const PART_BUFFERS = 4;
export const RECORD_CONCURRENCY = 10;
export const CONTENT_BUCKET = "content";
const RETRY_CAP_MS = 10_000;

export const SETTINGS: WorkerSettings = {
  gateCeiling: 100,
  leaseTtlMs: LEASE_TTL_MS,
  requeueGraceMs: REQUEUE_GRACE_MS,
  recordRetentionMs: 86_400_000,
  deadlineBufferMs: 10_000,
  retry: { maxAttempts: MAX_ATTEMPTS, baseMs: 1000, capMs: RETRY_CAP_MS },
  maxHops: 50,
  maxBodyBytes: 100_000,
  allowedContentTypes: [],
  /** Which addresses are refused has tests of its own, and parsing them costs a tenth of a schedule. */
  allowPrivateHosts: true,
};

/** Until the reconciler has looked at what has just become due, and a worker at what the reconciler sent. */
const NOTICED_MS = RECONCILE_EVERY_MS + 2 * POLL_EVERY_MS;
/** A delivery whose worker died comes back; until then a job that never got a record has nothing else. */
const REDELIVERED_MS = VISIBILITY_MS + POLL_EVERY_MS;
/** A job with a record is looked at when its lease, or its wait and the grace that its message has, is over. */
const REVIVED_MS = Math.max(LEASE_TTL_MS, RETRY_CAP_MS + REQUEUE_GRACE_MS) + NOTICED_MS;

/**
 * How long after the last fault everything must be as it should: the wait that applies, one attempt, and a sweep for what
 * the attempt's predecessors left. Two clocks that differ make each wait longer by the difference.
 */
export const healingMs = (attemptMs: number, clocksDifferMs: number): number =>
  Math.max(REDELIVERED_MS, REVIVED_MS) + attemptMs + NOTICED_MS + clocksDifferMs;

/** What was stored is announced so long after the write that says so, or after the last fault: a backoff and a few calls. */
export const ANNOUNCED_WITHIN_MS = 30_000;
