import { present } from "../model/present.ts";
import { announcement, type Announcement } from "../model/announcement.ts";
import { contentKey } from "../model/keys.ts";
import { decodeJob } from "../model/record-codec.ts";
import type { JobRecord, Transfer } from "../model/record.ts";
import { isJobState, isTerminal, STORED_STATES } from "../model/states.ts";
import type { ItemChange } from "../ports/stream.ts";

/**
 * Announces a job only if it was open before: a record that is merely written again, or restored from an archive, was
 * announced earlier. Everything comes from the record, so that the announcement is the same whenever it is made.
 * @throws when the record of a stored job does not say what was stored.
 */
export function announcementOf({ before, after }: ItemChange, bucket: string): Announcement | undefined {
  if (!after || !isStored(after["state"]) || !isOpen(before?.["state"])) return undefined;
  const job = decodeJob(after);
  const transfer = present(job.transfer, "the transfer of a stored job");
  const { sha256, bytes, contentType } = transfer;
  return announcement.parse({
    schema_version: 1,
    id: job.jobId,
    work_id: job.workId,
    artifact_id: job.artifactId,
    url: job.url,
    state: job.state,
    sha256,
    bytes,
    content_type: contentType,
    bucket,
    key: contentKey(sha256),
    ...originFacts(transfer),
    ...(job.order?.metadata && { metadata: job.order.metadata }),
    ...(transfer.previousJob !== undefined && { previous_job: transfer.previousJob }),
    ...(transfer.isUnchanged && { unchanged: true }),
    finished_at: finishedAt(job),
  });
}

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

const isStored = (state: unknown): boolean => STORED_STATES.some((stored) => stored === state);
const isOpen = (state: unknown): boolean => isJobState(state) && !isTerminal(state);

function finishedAt({ operations }: JobRecord): string | undefined {
  const last = operations.INDEX ?? operations.DEDUPE;
  return last?.status === "DONE" ? new Date(last.atMs).toISOString() : undefined;
}
