import { MOST_WATCH_SHARDS } from "../../../core/model/keys.ts";
import { reachOf } from "../../../core/origin/reach.ts";
import type { WorkerSettings } from "../../../core/worker/worker-deps.ts";

/** Everything is small, so that a body of a few bytes has parts and a lease expires within a schedule. */
export const PART_BYTES = 8;
/** A body of up to so many bytes needs no part buffer. */
export const SMALL_BYTES = 2;
export const LEASE_TTL_MS = 15_000;
export const RECONCILE_EVERY_MS = 20_000;
export const REQUEUE_GRACE_MS = 30_000;
export const VISIBILITY_MS = 60_000;
export const INVOCATION_MS = 60_000;
export const POLL_EVERY_MS = 1_000;
export const ORPHAN_AGE_MS = 120_000;
/** No sound run takes as long, not even one whose job uses all its attempts while clocks differ. */
export const LONGEST_RUN_MS = 3 * 24 * 3_600_000;
/** The size of the pieces in which a body arrives. */
export const PIECE_BYTES = 5;
/**
 * The most that is received but not yet checkpointed: two parts under way, one being saved or read, and a piece. Of a
 * body that comes in ranges also a part that is fetched ahead.
 */
export const inFlightBytes = (mostRanges = 1): number => (mostRanges > 1 ? 4 : 3) * PART_BYTES + PIECE_BYTES;
export const MAX_RECEIVES = 50;
export const MAX_ATTEMPTS = 6;
export const PART_BUFFERS = 5;
export const RECORD_CONCURRENCY = 10;
/** Two announcements fill an event, and up to four come in one invocation. */
export const BATCH_BYTES = 1_100;
export const CONTENT_BUCKET = "content";
/** 15 minutes, scaled: longer waits are those that an origin asks for. */
export const LONGEST_DELAY_MS = 60_000;
export const DISPATCH_AHEAD_MS = 25_000;
/** A request takes effect at most this long after it was sent. */
export const LONGEST_REQUEST_MS = 30_000;
const RETRY_CAP_MS = 10_000;
const LONGEST_WAIT_MS = 12 * 3_600_000;

export const SETTINGS: WorkerSettings = {
  gateCeiling: 100,
  leaseTtlMs: LEASE_TTL_MS,
  looksEveryMs: 0,
  requeueGraceMs: REQUEUE_GRACE_MS,
  recordRetentionMs: 86_400_000,
  deadlineBufferMs: 10_000,
  retry: { maxAttempts: MAX_ATTEMPTS, baseMs: 1000, capMs: RETRY_CAP_MS, longestWaitMs: LONGEST_WAIT_MS },
  longestDelayMs: LONGEST_DELAY_MS,
  dispatchAheadMs: DISPATCH_AHEAD_MS,
  hostRules: [],
  hostPatienceMs: 3_600_000,
  maxHops: 50,
  watchShards: MOST_WATCH_SHARDS,
  maxBodyBytes: 100_000,
  allowedContentTypes: [],
  /** The refusal of addresses has its own tests, and parsing addresses costs a tenth of a schedule's time. */
  reach: reachOf([], true),
  mostRedirects: 20,
  headTimeoutMs: 10_000,
  obeysRobots: false,
  requestHeaders: { usual: {}, byHost: [] },
  stageFromBytes: Number.POSITIVE_INFINITY,
  unwatchedForMs: 2 * VISIBILITY_MS,
  regroupAfterMs: 2 * POLL_EVERY_MS,
  shortLane: undefined,
  // Origins here are fast or silent.
  mostBrokenConnections: 0,
  mostRanges: 1,
  keepsContentEncoding: false,
  pace: { leastBytesPerSecond: 0, overMs: 60_000, partMs: Number.POSITIVE_INFINITY },
};

/** Of workers whose jobs may be cancelled. */
export const LOOKS_EVERY_MS = 3_000;

/** Until the reconciler has seen a job that just became due, and a worker has received the reconciler's message. */
const NOTICED_MS = RECONCILE_EVERY_MS + 2 * POLL_EVERY_MS;
/** Until the queue delivers a message again whose worker died. A job without a record has no other way back. */
const REDELIVERED_MS = VISIBILITY_MS + POLL_EVERY_MS;
/** Until the reconciler revives a job with a record: after its lease, or after its backoff and the requeue grace. */
export const REVIVED_MS = Math.max(LEASE_TTL_MS, RETRY_CAP_MS + REQUEUE_GRACE_MS) + NOTICED_MS;

/**
 * The longest time to heal after the last fault, in ms: the longest wait that applies, one attempt, and a sweep for
 * what earlier attempts left in staging. Clocks that differ make the waits longer; the caller passes by how much.
 */
export const healingMs = (attemptMs: number, clocksDifferMs: number): number =>
  Math.max(REDELIVERED_MS, REVIVED_MS) + attemptMs + NOTICED_MS + clocksDifferMs;

/** A stored job is announced within this time of its last write or of the last fault: a backoff and a few calls. */
export const ANNOUNCED_WITHIN_MS = 30_000;
