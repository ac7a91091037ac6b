/** The conditional writes of the reconciler and of operators, as data: they take a job away, or bring it back. */
import { FEWEST_WATCH_SHARDS, jobItemKey, watchShardOf } from "./keys.ts";
import type { JobMessage } from "./message.ts";
import { OPERATION_TYPES, type OperationType } from "./operations.ts";
import { present } from "./present.ts";
import {
  asked,
  failed,
  HOLDER_ATTRIBUTES,
  isNew,
  isOpen,
  isStillStarted,
  LEASE_ATTRIBUTES,
  named,
  operationEntries,
  type Trouble,
  TROUBLE_ATTRIBUTES,
  uncharged,
} from "./protocol.ts";
import { operationAttribute } from "./record-codec.ts";
import type { JobRecord } from "./record.ts";
import type { JobState, ReopenedState } from "./states.ts";
import type { Clause, Write } from "./write.ts";

const isFailed: Clause = { attribute: "state", is: "=", than: "FAILED" satisfies JobState };
const FAILED_ATTRIBUTES = [...TROUBLE_ATTRIBUTES, "failed_at", "expires_at", "cancelled_by"];
const OPERATION_ATTRIBUTES = [...new Set(OPERATION_TYPES.map(operationAttribute))];

/**
 * Takes away an expired lease, or revives a job whose message never came back. The new fence shuts the old holder out.
 *
 * The write is refused if it would undo something that happened since `seen` was read: a renewal moves `watch_at`,
 * another holder raises the fence, and a holder that is still alive (its clock is behind ours) may have completed an
 * operation that is abandoned here.
 *
 * `by` is a name of this recovery alone: an item that bears it and refuses the write shows that it has been applied.
 *
 * After a lease is taken away, the job is available at once by any clock. If it were not available until the old lease
 * had expired by the worker's clock too, a reconciler whose clock runs ahead could take away the next lease in its
 * first moment, again and again. A job that waits for its retry keeps waiting.
 */
export function recoverJob(seen: JobRecord, watchAtMs: number, by: string, nowMs: number, graceMs: number): Write {
  const abandoned = Object.entries(seen.operations)
    .filter(([, record]) => record.status === "STARTED")
    .map(([type, record]) => ({
      type: type as OperationType,
      record: { ...record, status: "ABANDONED" as const },
    }));
  return {
    key: jobItemKey(seen.jobId),
    when: [
      [
        isOpen,
        { attribute: "fence", is: "=", than: seen.fence },
        { attribute: "watch_at", is: "=", than: watchAtMs },
        ...abandoned.map(isStillStarted),
      ],
    ],
    set: {
      recovered_by: by,
      watch_at: nowMs + graceMs,
      ...(seen.leaseOwner !== undefined && { available_at: 0 }),
      ...operationEntries(abandoned),
    },
    add: { fence: 1 },
    remove: HOLDER_ATTRIBUTES,
  };
}

/**
 * Takes away a lease whose holder died because its whole run ended. Unlike a worker's crash, that is not the job's
 * fault, so the attempt is not charged.
 */
export function recoverUncharged(
  seen: JobRecord,
  watchAtMs: number,
  by: string,
  nowMs: number,
  graceMs: number,
): Write {
  const write = recoverJob(seen, watchAtMs, by, nowMs, graceMs);
  return { ...write, set: { ...write.set, ...uncharged(seen) } };
}

/** Looks at an item again later. Refused if it was written since it was read. */
export const postponeWatch = (key: string, watchAtMs: number, untilMs: number): Write => ({
  key,
  when: [[{ attribute: "watch_at", is: "=", than: watchAtMs }]],
  set: { watch_at: untilMs },
});

const isPublished = ({ operations }: JobRecord): boolean => operations.FINALIZE?.status === "DONE";

export const reopenedState = (seen: JobRecord): ReopenedState => (isPublished(seen) ? "FINALIZED" : "LEASED");

/**
 * Reopens a failed job with a new retry budget and a new fence. Refused if the failure is no longer the one in `seen`.
 *
 * A job that was published stays published, and its results are replayed. Any other job does all its operations again:
 * what it staged was removed when it failed, and what the origin said then may be outdated. `available_at` is 0, which
 * is past by every clock; the operator's time might not be. It uses the shards that every release reads: operators have
 * no setting, and reopen few jobs at a time.
 */
export function reopenJob(seen: JobRecord, by: string, nowMs: number, graceMs: number): Write {
  return {
    key: jobItemKey(seen.jobId),
    when: [[isFailed, { attribute: "fence", is: "=", than: seen.fence }]],
    set: {
      state: reopenedState(seen),
      strikes: 0,
      hops: 0,
      planned_at: nowMs,
      available_at: 0,
      watch_at: nowMs + graceMs,
      watch_shard: watchShardOf(seen.jobId, FEWEST_WATCH_SHARDS),
      redriven_by: by,
      redriven_from: present(seen.reason, "the reason of a failed job"),
    },
    add: { fence: 1, redrives: 1 },
    remove: [...FAILED_ATTRIBUTES, "most_staged", ...(isPublished(seen) ? [] : OPERATION_ATTRIBUTES)],
  };
}

/** Somebody has cancelled the job. It is no fault of anybody's. */
export const CANCELLED: Trouble = { reason: "cancelled", failureClass: "policy" };

export interface Cancellation {
  /** A name of this cancellation alone: an item that bears it and refuses the write shows that it was applied. */
  readonly by: string;
  readonly nowMs: number;
  readonly retentionMs: number;
}

/**
 * Ends an open job, whoever holds it: the new fence shuts the holder out. Refused if the job has ended, or if anybody
 * has leased, recovered or reopened it since it was seen. So a late copy of the write cancels no reopened job.
 */
export const cancelJob = (
  { fence, jobId }: Pick<JobRecord, "fence" | "jobId">,
  { by, nowMs, retentionMs }: Cancellation,
): Write => ({
  key: jobItemKey(jobId),
  when: [[isOpen, { attribute: "fence", is: "=", than: fence }]],
  set: { ...failed(CANCELLED, nowMs, retentionMs), cancelled_by: by },
  add: { fence: 1 },
  remove: [...LEASE_ATTRIBUTES, "checkpoint"],
});

/** Ends a job before it has begun: its message will find that it has ended. Refused if the job has a record. */
export const cancelUnplanned = (
  jobId: string,
  message: JobMessage,
  { by, nowMs, retentionMs }: Cancellation,
): Write => ({
  key: jobItemKey(jobId),
  when: [[isNew]],
  set: {
    ...named(message),
    ...(message.identity !== undefined && { url_sent_at: 0 }),
    planned_at: nowMs,
    attempts: 0,
    strikes: 0,
    ...asked(message),
    ...failed(CANCELLED, nowMs, retentionMs),
    cancelled_by: by,
  },
  add: { fence: 1 },
});

export const RECONCILER_KEY = "RECONCILER";
/** The cursor that is saved when a sweep has reached the end. */
const SWEEP_FROM_START = "";

/** Saves where the next sweep continues. If two reconcilers overlap, the slower one's cursor is refused. */
export function saveSweepCursor(seenFence: number | undefined, cursor: string | undefined): Write {
  const unchanged: Clause = seenFence === undefined ? isNew : { attribute: "fence", is: "=", than: seenFence };
  return { key: RECONCILER_KEY, when: [[unchanged]], set: { cursor: cursor ?? SWEEP_FROM_START }, add: { fence: 1 } };
}
