import { present } from "../model/present.ts";
import { announcement, failure, type Announcement, type Failure } from "../model/announcement.ts";
import { contentKey } from "../model/keys.ts";
import { decodeJob } from "../model/record-codec.ts";
import type { JobRecord, Transfer } from "../model/record.ts";
import { CANCELLED } from "../model/recovery-protocol.ts";
import { isJobState, isTerminal, STORED_STATES, type JobState } from "../model/states.ts";
import type { Item } from "../model/write.ts";
import type { ItemChange } from "../ports/stream.ts";

/**
 * Announces a job only if it was open before, or was cancelled before it began: a record that is merely written again,
 * or restored from an archive, was announced earlier. Everything comes from the record, so that the announcement is
 * the same whenever it is made.
 * @throws when the record of a stored job does not say what was stored.
 */
export function announcementOf({ before, after }: ItemChange, bucket: string): Announcement | Failure | undefined {
  if (!after || !(before ? isOpen(before["state"]) : isCancelledUnbegun(after))) return undefined;
  if (isStored(after["state"])) return storedIn(decodeJob(after), bucket);
  return after["state"] === ("FAILED" satisfies JobState) ? failureOf(decodeJob(after), after["redrives"]) : undefined;
}

function storedIn(job: JobRecord, bucket: string): Announcement {
  const transfer = present(job.transfer, "the transfer of a stored job");
  const { sha256, bytes, contentType } = transfer;
  return announcement.parse({
    ...whatEndedIn(job),
    sha256,
    bytes,
    content_type: contentType,
    bucket,
    key: contentKey(sha256),
    ...originFacts(transfer),
    ...(transfer.previousJob !== undefined && { previous_job: transfer.previousJob }),
    ...(transfer.isUnchanged && { unchanged: true }),
    finished_at: finishedAt(job),
  });
}

/** An older version did not record when a job failed. */
const failureOf = (job: JobRecord, redrives: unknown = 0): Failure =>
  failure.parse({
    ...whatEndedIn(job),
    failure_class: job.failureClass,
    reason: job.reason,
    redrives,
    finished_at: new Date(job.failedAtMs ?? job.plannedAtMs).toISOString(),
  });

const whatEndedIn = ({ artifactId, jobId, order, state, url, workId }: JobRecord): object => ({
  schema_version: 1,
  id: jobId,
  work_id: workId,
  artifact_id: artifactId,
  url,
  state,
  ...(order?.metadata && { metadata: order.metadata }),
});

function originFacts(transfer: Transfer): Partial<Announcement> {
  const { contentEncoding, decodedFrom, digestSource, fileName, finalUrl, lastModified, originEtag } = transfer;
  return {
    ...(finalUrl !== undefined && { final_url: finalUrl }),
    ...(fileName !== undefined && { file_name: fileName }),
    ...(originEtag !== undefined && { etag: originEtag }),
    ...(lastModified !== undefined && { last_modified: lastModified }),
    ...(contentEncoding !== undefined && { content_encoding: contentEncoding }),
    ...(decodedFrom !== undefined && { decoded_from: decodedFrom }),
    ...(digestSource !== undefined && { digest_source: digestSource }),
  };
}

/** The one record that comes into the table with its job ended. Restored from an archive, it is announced again. */
const isCancelledUnbegun = ({ attempts, reason }: Item): boolean => attempts === 0 && reason === CANCELLED.reason;

const isStored = (state: unknown): boolean => STORED_STATES.some((stored) => stored === state);
const isOpen = (state: unknown): boolean => isJobState(state) && !isTerminal(state);

function finishedAt({ operations }: JobRecord): string | undefined {
  const last = operations.INDEX ?? operations.DEDUPE;
  return last?.status === "DONE" ? new Date(last.atMs).toISOString() : undefined;
}
