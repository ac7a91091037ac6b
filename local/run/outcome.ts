import { contentKey } from "../../core/model/keys.ts";
import type { JobRecord } from "../../core/model/record.ts";
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
  /** Key of the content: its path below `content/`. */
  readonly key: string | null;
  readonly attempts: number | null;
  /** Bytes that did not have to be fetched again. */
  readonly resumed_bytes: number;
  readonly reason: string | null;
}

const STORED: ReadonlySet<string> = new Set(["INDEXED", "DEDUPED", "PUBLISHED"]);
export const isStored = ({ state }: Pick<Outcome, "state">): boolean => STORED.has(state);

export function outcomeOf({ state, transfer, attempts, resumedBytes, reason }: JobRecord): Outcome {
  const isThere = isStored({ state });
  return {
    state,
    sha256: transfer?.sha256 ?? null,
    bytes: transfer?.bytes ?? null,
    content_type: transfer?.contentType ?? null,
    ...(transfer?.fileName !== undefined && { file_name: transfer.fileName }),
    key: transfer && isThere ? contentKey(transfer.sha256) : null,
    attempts,
    resumed_bytes: resumedBytes,
    reason: isThere ? null : (reason ?? null),
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
