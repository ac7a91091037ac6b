import type { OperationType } from "./operations.ts";
import type { JobState } from "./states.ts";

/** Who is to blame: the origin said no, we refuse by policy, or our own system failed. */
export type FailureClass = "origin" | "policy" | "system";

/** What is known of a job, as the table holds it. Wire names (snake_case) live in `record-codec.ts` alone. */
export interface JobRecord {
  readonly jobId: string;
  readonly workId: string;
  readonly artifactId: string;
  readonly url: string;
  readonly expectedSha256?: string;
  readonly state: JobState;
  /** Grows by one with every lease and every recovery; a write that carries an older one is refused. */
  readonly fence: number;
  readonly leaseOwner?: string;
  /** When the job may next be leased: the expiry of the lease that holds it, or its retry's not-before. */
  readonly availableAtMs?: number;
  readonly plannedAtMs: number;
  /** Leases taken in all, continuations excepted. */
  readonly attempts: number;
  /** Leases taken since the transfer last advanced by a part: what the retry budget is spent on. */
  readonly strikes: number;
  /** Invocations that handed the job on to the next. */
  readonly hops: number;
  /** Bytes that resuming saved from being fetched again. */
  readonly resumedBytes: number;
  readonly operations: Readonly<Partial<Record<OperationType, OperationRecord>>>;
  readonly checkpoint?: Checkpoint;
  /** What the finished transfer staged: present from the completion of STREAM on. */
  readonly transfer?: Transfer;
  /** Why the job failed, or why its last attempt did. */
  readonly reason?: string;
  readonly failureClass?: FailureClass;
  /** When it failed; absent as well where an older version failed it. */
  readonly failedAtMs?: number;
}

export interface OperationRecord {
  readonly key: string;
  readonly status: "STARTED" | "DONE" | "ABANDONED";
  /** The fence of the attempt that started it. */
  readonly fence: number;
  /** When it was started or, once DONE, completed. */
  readonly atMs: number;
  readonly result?: { readonly [name: string]: string | number | boolean };
}

/** Enough to go on in the middle of a file on another machine. */
export interface Checkpoint {
  /** The attempt (its fence) that began the upload; it names the staging object. */
  readonly stagedBy: string;
  readonly uploadId: string;
  /** Strong ETag or Last-Modified: the version all staged bytes belong to. */
  readonly validator: string;
  readonly totalBytes: number;
  /** Bytes staged, all in acknowledged parts. */
  readonly offset: number;
  /** State of the running SHA-256 at `offset`, base64. */
  readonly hashState: string;
  /** Chained digest over the ETags of the parts up to `offset`. */
  readonly partsDigest: string;
  readonly contentType: string;
}

export interface Transfer {
  readonly sha256: string;
  readonly bytes: number;
  readonly contentType: string;
  readonly stagedBy: string;
  readonly etag: string;
}
