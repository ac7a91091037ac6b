/** What is told of an artifact that is in place: the promise to those who listen, `docs/announcements.md`. */
import * as z from "zod/mini";
import { contentKey } from "./keys.ts";
import { decodeJob } from "./record-codec.ts";
import type { JobRecord } from "./record.ts";
import { isJobState, isTerminal, STORED_STATES } from "./states.ts";
import type { ItemChange } from "./stream.ts";

export const ANNOUNCEMENT_SOURCE = "fetchonce";
export const ANNOUNCEMENT_TYPE = "Artifact Stored";

const hex = (digits: number) => z.string().check(z.regex(new RegExp(`^[0-9a-f]{${digits}}$`)));
const text = z.string().check(z.minLength(1));

export const announcement = z.object({
  schema_version: z
    .literal(1)
    .check(z.describe("Another number, and fields are gone or mean something else. New ones may come without.")),
  id: hex(32).check(z.describe("The job's id: the same in every delivery. Whoever has seen it has seen this event.")),
  work_id: text.check(z.describe("The producer's name for the work.")),
  artifact_id: text.check(z.describe("The producer's name for the file.")),
  url: text.check(z.describe("What was downloaded, as the producer wrote it.")),
  state: z
    .enum(STORED_STATES)
    .check(z.describe("INDEXED: this job was the first with these bytes. DEDUPED: another job was.")),
  sha256: hex(64).check(z.describe("Of the bytes.")),
  bytes: z.int().check(z.gte(0), z.describe("The object's length.")),
  content_type: z.string().check(z.describe("As this job's origin named it; the object bears the first job's.")),
  bucket: text.check(z.describe("Where the object is.")),
  key: text.check(z.describe("Under which key.")),
  finished_at: z.iso.datetime().check(z.describe("When the job ended: ISO 8601, UTC.")),
});

export type Announcement = Readonly<z.infer<typeof announcement>>;

/**
 * Only a job that was open before is announced: a record that is merely written again, by whomever, or put back from an
 * archive, has been. All of it comes from the record, so that it is the same whenever it is made.
 * @throws when a job is stored, and its record does not tell what.
 */
export function announcementOf({ before, after }: ItemChange, bucket: string): Announcement | undefined {
  if (!after || !isStored(after["state"]) || !isOpen(before?.["state"])) return undefined;
  const job = decodeJob(after);
  const { sha256 = "", bytes, contentType } = job.transfer ?? {};
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
    finished_at: finishedAt(job),
  });
}

const isStored = (state: unknown): boolean => STORED_STATES.some((stored) => stored === state);
const isOpen = (state: unknown): boolean => isJobState(state) && !isTerminal(state);

function finishedAt({ operations }: JobRecord): string | undefined {
  const last = operations.INDEX ?? operations.DEDUPE;
  return last?.status === "DONE" ? new Date(last.atMs).toISOString() : undefined;
}
