/**
 * The protocol: every conditional write that a worker makes, as data. A crash may happen between any two writes; each
 * of them leaves the job in a state from which another worker, or the reconciler, can continue.
 *
 *   takeLease -> (renewLease | saveCheckpoint | completeOperation)* -> finishJob | failJob
 *                                       | releaseForRetry | releaseForContinuation | giveBack | handOver
 *   recoverJob, reopenJob, cancelJob: by the reconciler and by operators, in recovery-protocol.ts.
 *
 * Safety rests on the fence alone. Clocks decide only when somebody may try.
 */
import type { Clause, Item, Write } from "./write.ts";
import { jobItemKey, watchShardOf } from "./keys.ts";
import type { JobMessage } from "./message.ts";
import { orderOf } from "./order.ts";
import type { OperationType } from "./operations.ts";
import { encodeCheckpoint, encodeOperation, operationAttribute } from "./record-codec.ts";
import type { Checkpoint, FailureClass, JobRecord, OperationRecord } from "./record.ts";
import { OPEN_STATES, type JobState } from "./states.ts";

/** Proof of holding a job. A write with an older fence, or with another owner's name, is refused. */
export interface Lease {
  readonly jobId: string;
  readonly owner: string;
  readonly fence: number;
  /** The time that it was taken at. A job that is given back is available later than that: see `availableFrom`. */
  readonly takenAtMs: number;
}

export const isNew: Clause = { attribute: "pk", is: "absent" };
export const isOpen: Clause = { attribute: "state", is: "one of", than: OPEN_STATES };
const isNotLong: Clause = { attribute: "lane", is: "absent" };
const isUnwatched: readonly Clause[] = ["watch_at", "lease_owner"].map((attribute) => ({ attribute, is: "absent" }));
const isAvailable = (nowMs: number): Clause => ({ attribute: "available_at", is: "<=", than: nowMs });
const isFencedBy = (lease: Lease): readonly Clause[] => [
  { attribute: "fence", is: "=", than: lease.fence },
  { attribute: "lease_owner", is: "=", than: lease.owner },
];

/**
 * The write that took the lease may be applied again after the lease was given back, or renewed by a clock that was set
 * back. It would lease the job to nobody; but it asks for a job that was available when the lease was taken, and this
 * one is not.
 */
const availableFrom = (lease: Lease, wantedMs: number): number => Math.max(wantedMs, lease.takenAtMs + 1);

/** `held_since` is the time of the first lease that has not ended: whoever leases after it takes over from the dead. */
export const HOLDER_ATTRIBUTES = ["lease_owner", "held_since"];
export const LEASE_ATTRIBUTES = [...HOLDER_ATTRIBUTES, "available_at", "watch_at", "watch_shard"];
export const TROUBLE_ATTRIBUTES = ["reason", "failure_class"];

export interface LeaseRequest {
  readonly jobId: string;
  readonly message: JobMessage;
  readonly owner: string;
  readonly nowMs: number;
  readonly ttlMs: number;
  readonly headKey: string;
  /** To how many shards of the watch index this worker writes. */
  readonly watchShards: number;
  /** When the message was sent: see `renewUrl`. */
  readonly sentAtMs?: number;
  /**
   * Whether the reconciler is to find the job if its holder dies. If not, the job must be new, or a parked one whose
   * watch has ended, and its message must stay in the queue. A watched job stays watched: a late copy of the write
   * could take it from the reconciler.
   */
  readonly isWatched?: boolean;
  /** The short lane takes no job that was handed over. */
  readonly isShortLane?: boolean;
}

/** What a new record has of its message: what the job is called, */
export const named = ({ artifact_id, url, work_id }: JobMessage): Item => ({ work_id, artifact_id, url });

/** and what else the message asks for. */
export function asked(message: JobMessage): Item {
  const order = orderOf(message);
  return {
    ...(message.sha256 !== undefined && { expected_sha256: message.sha256 }),
    ...(order && { order: order as Item }),
  };
}

/** In one write: plans a new job, takes the lease if it is free or expired, and starts HEAD if it was not started. */
export function takeLease(request: LeaseRequest): Write {
  const { jobId, message, owner, nowMs, ttlMs, headKey, watchShards } = request;
  const { isShortLane = false, isWatched = true, sentAtMs = 0 } = request;
  const expiresAtMs = nowMs + ttlMs;
  const isFree = [isOpen, isAvailable(nowMs)].concat(isShortLane ? isNotLong : [], isWatched ? [] : isUnwatched);
  return {
    key: jobItemKey(jobId),
    when: [[isNew], isFree],
    set: {
      lease_owner: owner,
      available_at: expiresAtMs,
      ...(isWatched && { watch_at: expiresAtMs }),
      watch_shard: watchShardOf(jobId, watchShards),
      step: 0,
    },
    setIfAbsent: {
      state: "LEASED" satisfies JobState,
      ...named(message),
      ...(message.identity !== undefined && { url_sent_at: sentAtMs }),
      planned_at: nowMs,
      held_since: nowMs,
      op_head: encodeOperation("HEAD", { key: headKey, status: "STARTED", fence: 1, atMs: nowMs }),
      ...asked(message),
    },
    add: { fence: 1, attempts: 1, strikes: 1 },
  };
}

/**
 * Puts a URL with a newer signature in the place of the recorded one. It needs no lease: whoever holds the job uses the
 * URL with which it began, and the next one the newest. An older message that is delivered later is refused.
 */
export function renewUrl(jobId: string, url: string, sentAtMs: number): Write {
  return {
    key: jobItemKey(jobId),
    when: [[isOpen, { attribute: "url_sent_at", is: "<", than: sentAtMs }]],
    set: { url, url_sent_at: sentAtMs },
  };
}

function fencedWrite(lease: Lease, effect: Omit<Write, "key" | "when">): Write {
  return { key: jobItemKey(lease.jobId), when: [isFencedBy(lease)], ...effect };
}

/**
 * Makes a fenced write the lease's nth. The network may apply a write twice, or long after we have given it up: it is
 * refused once it, or any later step, has been applied. Steps count from 0 in each lease.
 */
export const asStep = (write: Write, step: number): Write => ({
  ...write,
  when: write.when.map((clauses) => clauses.concat({ attribute: "step", is: "<", than: step })),
  set: { ...write.set, step },
});

/** Whether the item shows that the lease's nth write was applied. Nobody else writes under its fence. */
export const isAtStep = (item: Item | undefined, { fence }: Lease, step: number): boolean =>
  item?.["fence"] === fence && item["step"] === step;

export function renewLease(lease: Lease, nowMs: number, ttlMs: number): Write {
  const expiresAtMs = availableFrom(lease, nowMs + ttlMs);
  return fencedWrite(lease, { set: { available_at: expiresAtMs, watch_at: expiresAtMs } });
}

export interface OperationEntry {
  readonly type: OperationType;
  readonly record: OperationRecord;
}

export const isStillStarted = ({ type }: OperationEntry): Clause => ({
  attribute: `${operationAttribute(type)}.status`,
  is: "=",
  than: "STARTED",
});

export const operationEntries = (entries: readonly OperationEntry[]): Item =>
  Object.fromEntries(entries.map(({ type, record }) => [operationAttribute(type), encodeOperation(type, record)]));

/** Completes one operation, and sets the state that it leads to. `useless` attributes go. */
export function completeOperation(
  lease: Lease,
  done: OperationEntry,
  state: JobState,
  useless: readonly string[] = [],
): Write {
  return fencedWrite(lease, { set: { ...operationEntries([done]), state }, remove: useless });
}

/** Completes the last operation: the job is terminal. Its record stays until `expiresAtMs` to answer duplicates. */
export function finishJob(lease: Lease, done: OperationEntry, state: JobState, expiresAtMs: number): Write {
  return fencedWrite(lease, {
    set: { ...operationEntries([done]), state, expires_at: epochSeconds(expiresAtMs) },
    remove: [...LEASE_ATTRIBUTES, ...TROUBLE_ATTRIBUTES, "checkpoint"],
  });
}

/**
 * Records that all bytes up to the checkpoint are staged and acknowledged. Only progress resets the retry budget, and
 * progress means more bytes than any attempt staged before: a transfer that starts over again and again must end.
 */
export function saveCheckpoint(lease: Lease, checkpoint: Checkpoint, isProgress: boolean): Write {
  const progress = isProgress && { strikes: 0, most_staged: checkpoint.offset };
  return fencedWrite(lease, { set: { checkpoint: encodeCheckpoint(checkpoint), ...progress } });
}

export interface Trouble {
  readonly reason: string;
  readonly failureClass: FailureClass;
}

const troubleAttributes = ({ reason, failureClass }: Trouble): Item => ({ reason, failure_class: failureClass });

/** Attributes that have become useless: an operation that threw, or a checkpoint whose upload is gone. */
export type Forgotten = readonly string[];

export function failJob(
  lease: Lease,
  trouble: Trouble,
  forgotten: Forgotten,
  nowMs: number,
  retentionMs: number,
): Write {
  return fencedWrite(lease, {
    set: failed(trouble, nowMs, retentionMs),
    remove: [...new Set([...LEASE_ATTRIBUTES, ...forgotten, "checkpoint"])],
  });
}

/** What the record of a job says that has failed. It stays for `retentionMs` to answer duplicates. */
export const failed = (trouble: Trouble, nowMs: number, retentionMs: number): Item => ({
  state: "FAILED" satisfies JobState,
  ...troubleAttributes(trouble),
  failed_at: nowMs,
  expires_at: epochSeconds(nowMs + retentionMs),
});

/**
 * The job waits until `notBeforeMs`. A delayed message brings it back then; if that one is lost, the reconciler revives
 * the job `watchAfterMs` later. Negative: no message is sent, the job is parked, and its record is watched from before
 * its time on, so that the reconciler can send one.
 */
export function releaseForRetry(
  lease: Lease,
  trouble: Trouble,
  forgotten: Forgotten,
  notBeforeMs: number,
  watchAfterMs: number,
  charge: Item = {},
): Write {
  const availableAtMs = availableFrom(lease, notBeforeMs);
  return fencedWrite(lease, {
    set: {
      ...charge,
      ...troubleAttributes(trouble),
      available_at: availableAtMs,
      watch_at: availableAtMs + watchAfterMs,
    },
    remove: [...HOLDER_ATTRIBUTES, ...forgotten],
  });
}

/** The reason of a job whose retry budget is used up by invocations that all ended before they saved a checkpoint. */
const OUT_OF_TIME: Trouble = { reason: "out_of_time", failureClass: "system" };

/** Hands the job to a later invocation. The attempt is not charged, because nothing went wrong. */
export function releaseForContinuation(
  lease: Lease,
  record: JobRecord,
  forgotten: Forgotten,
  nowMs: number,
  graceMs: number,
): Write {
  const availableAtMs = availableFrom(lease, nowMs);
  return fencedWrite(lease, {
    set: {
      available_at: availableAtMs,
      watch_at: availableAtMs + graceMs,
      hops: record.hops + 1,
      attempts: record.attempts - 1,
      ...troubleAttributes(OUT_OF_TIME),
    },
    remove: [...HOLDER_ATTRIBUTES, ...forgotten],
  });
}

/** What an attempt was charged when it took the lease, taken back. A checkpoint may have reset the strikes since. */
export const uncharged = ({ attempts, strikes }: JobRecord): Item => ({
  attempts: attempts - 1,
  strikes: Math.max(0, strikes - 1),
});

/** Hands the job back because the run ends. It is available at once, and nothing is charged. */
export function giveBack(lease: Lease, record: JobRecord, forgotten: Forgotten, nowMs: number, graceMs: number): Write {
  const availableAtMs = availableFrom(lease, nowMs);
  return fencedWrite(lease, {
    set: { available_at: availableAtMs, watch_at: availableAtMs + graceMs, ...uncharged(record) },
    remove: [...HOLDER_ATTRIBUTES, ...forgotten],
  });
}

/**
 * Hands the job over to the long lane, which alone takes it from now on. It counts neither as an attempt nor as a hop:
 * it happens once, since the long lane hands nothing over.
 */
export function handOver(lease: Lease, record: JobRecord, forgotten: Forgotten, nowMs: number, graceMs: number): Write {
  const { set, ...write } = giveBack(lease, record, forgotten, nowMs, graceMs);
  return { ...write, set: { ...set, lane: "long" } };
}

/** DynamoDB's TTL is in seconds since the epoch. */
export const epochSeconds = (ms: number): number => Math.ceil(ms / 1000);
