import { contentKey } from "../../core/model/keys.ts";
import type { FailureClass, JobRecord, Transfer } from "../../core/model/record.ts";
import type { EndNotice } from "../worker/messages.ts";

/** How a job ended, in the names of the results. */
export interface Outcome {
  /** INDEXED, DEDUPED or FAILED; PUBLISHED for the unguarded path. */
  readonly state: string;
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly content_type: string | null;
  /** The name that the origin gives the file; absent if it gives none. */
  readonly file_name?: string;
  /** The URL that answered, if it is another one. */
  readonly final_url?: string;
  readonly etag?: string;
  readonly last_modified?: string;
  /** The coding that the stored bytes have, and the one that was taken away. */
  readonly content_encoding?: string;
  readonly decoded_from?: string;
  /** The headers whose digests were compared. */
  readonly digest_source?: string;
  /** Of a refreshed job: the one before it, and whether the origin has nothing newer. */
  readonly previous_job?: string;
  readonly unchanged?: boolean;
  /** Key of the content: its path below `content/`. */
  readonly key: string | null;
  readonly attempts: number | null;
  /** Bytes that did not have to be fetched again. */
  readonly resumed_bytes: number;
  readonly reason: string | null;
  /** Absent: it did not fail, or an earlier release recorded it. */
  readonly failure_class?: FailureClass;
}

const STORED: ReadonlySet<string> = new Set(["INDEXED", "DEDUPED", "PUBLISHED"]);
export const isStored = ({ state }: Pick<Outcome, "state">): boolean => STORED.has(state);

export function outcomeOf({ state, transfer, attempts, resumedBytes, reason, failureClass }: JobRecord): Outcome {
  const isThere = isStored({ state });
  return {
    state,
    sha256: transfer?.sha256 ?? null,
    bytes: transfer?.bytes ?? null,
    content_type: transfer?.contentType ?? null,
    ...(transfer && isThere && originFacts(transfer)),
    key: transfer && isThere ? contentKey(transfer.sha256) : null,
    attempts,
    resumed_bytes: resumedBytes,
    reason: isThere ? null : (reason ?? null),
    ...(!isThere && failureClass !== undefined && { failure_class: failureClass }),
  };
}

function originFacts(transfer: Transfer): Partial<Outcome> {
  const { contentEncoding, decodedFrom, digestSource, fileName, finalUrl, lastModified, originEtag } = transfer;
  const { isUnchanged, previousJob } = transfer;
  return {
    ...(fileName !== undefined && { file_name: fileName }),
    ...(finalUrl !== undefined && { final_url: finalUrl }),
    ...(originEtag !== undefined && { etag: originEtag }),
    ...(lastModified !== undefined && { last_modified: lastModified }),
    ...(contentEncoding !== undefined && { content_encoding: contentEncoding }),
    ...(decodedFrom !== undefined && { decoded_from: decodedFrom }),
    ...(digestSource !== undefined && { digest_source: digestSource }),
    ...(previousJob !== undefined && { previous_job: previousJob, unchanged: isUnchanged === true }),
  };
}

export function unguardedOutcome(end: NonNullable<EndNotice["unguarded"]>): Outcome {
  const { state, sha256, bytes, contentType, reason } = end;
  return {
    state,
    sha256: sha256 ?? null,
    bytes: bytes ?? null,
    content_type: contentType ?? null,
    key: sha256 === undefined ? null : contentKey(sha256),
    attempts: null,
    resumed_bytes: 0,
    reason: reason ?? null,
  };
}
