/**
 * Jobs that wait hold no message in flight. A short wait is that of a new message, which the queue keeps back. For a
 * longer one the job is parked: its record alone brings it back, and the reconciler sends the message in time.
 */
import { jobItemKey } from "./keys.ts";
import type { JobMessage } from "./message.ts";
import type { Item, Write } from "./write.ts";

/** SQS keeps a new message back for at most 900 s. */
export const LONGEST_DELAY_MS = 900_000;

/** Enough for the reconciler: it runs once a minute, for up to a minute. The queue then counts in seconds. */
export const DISPATCH_AHEAD_MS = 120_000;

/** Whether a job waits without a message: it is watched from before its time on. A lease is watched until its end. */
export const isParked = ({ available_at: availableAt, watch_at: watchAt }: Item): boolean =>
  typeof availableAt === "number" && typeof watchAt === "number" && watchAt < availableAt;

/** Whether the message is that of a parked job whose watch ends, or has ended: no other one brings the job back. */
export const isDispatched = ({ dispatched_for: forMs }: JobMessage, { available_at: availableAt }: Item): boolean =>
  forMs !== undefined && forMs === availableAt;

export interface Dispatch {
  readonly jobId: string;
  readonly watchAtMs: number;
  readonly availableAtMs: number;
  /** A name of this dispatch alone: an item that bears it and refuses the write shows that it has been applied. */
  readonly by: string;
  readonly graceMs: number;
}

/**
 * Notes that a message for a parked job is about to be sent. If it is lost, the job is revived `graceMs` after its
 * time. Refused if somebody has taken the job, or dispatched it, since it was seen to be watched at `watchAtMs`.
 */
export const dispatchJob = ({ availableAtMs, by, graceMs, jobId, watchAtMs }: Dispatch): Write => ({
  key: jobItemKey(jobId),
  when: [[{ attribute: "watch_at", is: "=", than: watchAtMs }]],
  set: { watch_at: availableAtMs + graceMs, recovered_by: by },
});

/**
 * Ends the watch of a parked job, after its message was sent: from now on the message alone brings the job back, as it
 * does a new one. Refused if somebody has taken the job, or dispatched it, since it was seen to be watched at
 * `watchAtMs`.
 */
export const endWatch = (jobId: string, watchAtMs: number): Write => ({
  key: jobItemKey(jobId),
  when: [[{ attribute: "watch_at", is: "=", than: watchAtMs }]],
  remove: ["watch_at"],
});

export interface Postponement {
  readonly jobId: string;
  readonly nowMs: number;
  readonly untilMs: number;
  readonly graceMs: number;
}

/**
 * A job that could begin waits on, until its host has a place. A message is about to be sent for then; if it is lost,
 * the job is revived `graceMs` later. Refused if somebody holds the job, if it waits longer already, or if it has
 * ended: then it is not available at any time.
 */
export const postponeJob = ({ graceMs, jobId, nowMs, untilMs }: Postponement): Write => ({
  key: jobItemKey(jobId),
  when: [
    [
      { attribute: "lease_owner", is: "absent" },
      { attribute: "available_at", is: "<=", than: nowMs },
    ],
  ],
  set: { available_at: untilMs, watch_at: untilMs + graceMs },
});

/**
 * When the lease of a job ends that nobody watches. No message of the job may leave the queue before. Undefined if the
 * reconciler watches the job, or if nobody holds it.
 */
export const unwatchedUntilMs = ({
  available_at: expiresAtMs,
  lease_owner: owner,
  watch_at: watchAtMs,
}: Item): number | undefined =>
  owner !== undefined && watchAtMs === undefined && typeof expiresAtMs === "number" ? expiresAtMs : undefined;
