import type { JobOrder } from "./order.ts";
import type { OperationType } from "./operations.ts";
import type { JobState } from "./states.ts";

/** Who caused the failure: the origin refused, our policy refused, or our own system failed. */
export const FAILURE_CLASSES = ["origin", "policy", "system"] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** A job's record in the table. `record-codec.ts` translates it from and to the stored names (snake_case). */
export interface JobRecord {
  readonly jobId: string;
  readonly workId: string;
  readonly artifactId: string;
  readonly url: string;
  readonly expectedSha256?: string;
  /** What else the message said of the file, in the message's own names. */
  readonly order?: JobOrder;
  readonly state: JobState;
  /** Grows by one with every lease, recovery and reopening. A write with an older fence is refused. */
  readonly fence: number;
  readonly leaseOwner?: string;
  /** When the job may be leased next: when the current lease expires, or when the wait for a retry ends. */
  readonly availableAtMs?: number;
  /** When the first lease was taken that has not ended yet. Releases up to 0.2.0 do not write it. */
  readonly heldSinceMs?: number;
  /** When the reconciler is to look at it. Undefined: never. Its message is in the queue, or it has ended. */
  readonly watchAtMs?: number;
  readonly plannedAtMs: number;
  /** Leases taken in total, without continuations. */
  readonly attempts: number;
  /** Leases taken since the transfer last advanced by a part. The retry budget limits them. */
  readonly strikes: number;
  /** The most bytes that any attempt has staged since the job was planned or reopened. */
  readonly mostStagedBytes: number;
  /** How many invocations handed the job to the next one. */
  readonly hops: number;
  /** It was handed over to the long lane, and stays there. Absent: it is in the short lane, or in the only one. */
  readonly isLong?: true;
  /** Bytes that did not have to be fetched again, because the transfer was resumed. */
  readonly resumedBytes: number;
  readonly operations: Readonly<Partial<Record<OperationType, OperationRecord>>>;
  readonly checkpoint?: Checkpoint;
  /** What the finished transfer staged. Present once STREAM is complete. */
  readonly transfer?: Transfer;
  /** Why the job failed, or why its last attempt did. */
  readonly reason?: string;
  readonly failureClass?: FailureClass;
  /** When the job failed. Also absent if an older version failed it. */
  readonly failedAtMs?: number;
}

export interface OperationRecord {
  readonly key: string;
  readonly status: "STARTED" | "DONE" | "ABANDONED";
  /** The fence of the attempt that started it. */
  readonly fence: number;
  /** When it was started; once DONE, when it was completed. */
  readonly atMs: number;
  readonly result?: { readonly [name: string]: string | number | boolean };
}

/** What the origin says of a file besides its bytes. Absent: the origin says nothing of the kind. */
export interface OriginFacts {
  readonly contentType: string;
  /** The name that the origin gives the file (Content-Disposition). */
  readonly fileName?: string;
  /** The URL that answered, if redirects led to another one than the job's. */
  readonly finalUrl?: string;
  readonly originEtag?: string;
  readonly lastModified?: string;
  /** The coding that the stored bytes still have (Content-Encoding). */
  readonly contentEncoding?: string;
  /** The coding that was taken away before the bytes were stored. */
  readonly decodedFrom?: string;
  /** The headers whose digests the bytes must have, and have once they are published. */
  readonly digestSource?: string;
}

/** Everything that is needed to continue in the middle of a file on another machine. */
export interface Checkpoint extends OriginFacts {
  /** The fence of the attempt that began the upload. It names the staging object. */
  readonly stagedBy: string;
  /** The mirror that the bytes came from. Absent: they came from the job's own URL. */
  readonly mirror?: string;
  readonly uploadId: string;
  /** Strong ETag or Last-Modified of the version that all staged bytes belong to. */
  readonly validator: string;
  readonly totalBytes: number;
  /** Bytes staged, all in acknowledged parts. */
  readonly offset: number;
  /** State of the running SHA-256 at `offset`, base64. */
  readonly hashState: string;
  /** Chained digest of the ETags of the parts up to `offset`. */
  readonly partsDigest: string;
  /** The digests that the origin has announced: algorithm, hexadecimal digits, header, with colons between them. */
  readonly announced?: readonly string[];
}

/** `exists`: another job, or an attempt before, has stored the same content. */
export type Published = "created" | "exists";

export interface Transfer extends OriginFacts {
  readonly sha256: string;
  readonly bytes: number;
  readonly stagedBy: string;
  /** Of the staged object; of the content itself if nothing was staged. */
  readonly etag: string;
  /** Nothing was staged: the body was put at its content address, or was there already. */
  readonly placed?: Published;
  /** Of a refreshed job: the generation before it. */
  readonly previousJob?: string;
  /** The origin says that nothing has changed since then: nothing was staged. */
  readonly isUnchanged?: true;
}

/** Whether the checkpoint alone leads to all that a transfer has staged, be it an upload still or an object. */
export const isWholly = (checkpoint: Checkpoint | undefined, streamed: OperationRecord["result"]): boolean =>
  checkpoint !== undefined &&
  checkpoint.offset === checkpoint.totalBytes &&
  checkpoint.stagedBy === streamed?.["staged_by"];

/** How many operations were begun, and have no result. */
export const startedOperations = ({ operations }: Pick<JobRecord, "operations">): number =>
  Object.values(operations).filter(({ status }) => status === "STARTED").length;

/** A lease that had been expired for longer when it was taken away is recovered late. */
export const LATE_RECOVERY_MS = 180_000;

/** NTP keeps clocks within milliseconds of each other. Half a minute is a quarter of a lease. */
export const CLOCK_TOLERANCE_MS = 30_000;
