/** The conditional writes of the items beside the jobs, as data: what names content, and the newest of a file. */
import { generationsItemKey, hashItemKey } from "./keys.ts";
import { epochSeconds, isNew } from "./protocol.ts";
import type { Write } from "./write.ts";

export interface IndexEntry {
  readonly sha256: string;
  readonly jobId: string;
  readonly key: string;
  readonly bytes: number;
  readonly contentType: string;
}

/** One entry per hash, put by the first job with this content and never changed. */
export function putIndexEntry(entry: IndexEntry, nowMs: number): Write {
  return {
    key: hashItemKey(entry.sha256),
    when: [[isNew]],
    set: {
      job_id: entry.jobId,
      content_key: entry.key,
      bytes: entry.bytes,
      content_type: entry.contentType,
      indexed_at: nowMs,
    },
  };
}

export interface Generations {
  /** Id of the job that is not refreshed. */
  readonly firstId: string;
  readonly latestId: string;
  readonly plannedAtMs: number;
}

/** Names the newest generation of a job's file. One that was planned earlier is refused. Kept as long as its record. */
export function nameLatest({ firstId, latestId, plannedAtMs }: Generations, expiresAtMs: number): Write {
  return {
    key: generationsItemKey(firstId),
    when: [[isNew], [{ attribute: "planned_at", is: "<", than: plannedAtMs }]],
    set: { latest: latestId, planned_at: plannedAtMs, expires_at: epochSeconds(expiresAtMs) },
  };
}
