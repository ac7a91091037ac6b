/** The events that announce how jobs ended. What consumers may rely on is in docs/announcements.md. */
import * as z from "zod/mini";
import { FAILURE_CLASSES } from "./record.ts";
import { STORED_STATES } from "./states.ts";

export const ANNOUNCEMENT_SOURCE = "fetchonce";
/** The types of events that hold one announcement, and of those that hold several. */
export const EVENT_TYPES = {
  stored: { single: "Artifact Stored", batch: "Artifacts Stored" },
  failed: { single: "Artifact Failed", batch: "Artifacts Failed" },
} as const;
export type AnnouncementKind = keyof typeof EVENT_TYPES;
/** The type of the event that tells that all jobs of a batch have ended. */
export const BATCH_ENDED = "Batch Ended";

const hex = (digits: number) => z.string().check(z.regex(new RegExp(`^[0-9a-f]{${digits}}$`)));
const text = z.string().check(z.minLength(1));
const schemaVersion = z
  .literal(1)
  .check(z.describe("Changes when a field is removed or changes its meaning. Fields may be added without that."));
const jobsNames = {
  schema_version: schemaVersion,
  id: hex(32).check(z.describe("The job's id. It is the same in every delivery, so consumers can skip repeats by it.")),
  work_id: text.check(z.describe("The producer's name for the work.")),
  artifact_id: text.check(z.describe("The producer's name for the file.")),
};
const metadata = z.optional(
  z.record(z.string(), z.unknown()).check(z.describe("The producer's own, from the message.")),
);
const finishedAt = z.iso.datetime().check(z.describe("When the job ended: ISO 8601, UTC."));

export const announcement = z.object({
  ...jobsNames,
  url: text.check(z.describe("The URL that was downloaded, as the producer wrote it.")),
  state: z
    .enum(STORED_STATES)
    .check(z.describe("INDEXED: this job was the first with these bytes. DEDUPED: another job was the first.")),
  sha256: hex(64).check(z.describe("SHA-256 of the bytes.")),
  bytes: z.int().check(z.gte(0), z.describe("The object's length in bytes.")),
  content_type: z.string().check(z.describe("The type that this job's origin named. The object has the first job's.")),
  bucket: text.check(z.describe("The object's bucket.")),
  key: text.check(z.describe("The object's key.")),
  final_url: z.optional(text.check(z.describe("The URL that answered, if redirects led to another one."))),
  file_name: z.optional(text.check(z.describe("The name that the origin gives the file (Content-Disposition)."))),
  etag: z.optional(text.check(z.describe("The origin's ETag of the version that was stored."))),
  last_modified: z.optional(text.check(z.describe("The origin's Last-Modified, as it came."))),
  content_encoding: z.optional(text.check(z.describe("The coding that the stored bytes still have."))),
  decoded_from: z.optional(text.check(z.describe("The coding that was taken away before the bytes were stored."))),
  digest_source: z.optional(text.check(z.describe("The headers of the origin whose digests the bytes have."))),
  metadata,
  previous_job: z.optional(
    hex(32).check(z.describe("Of a refreshed job: the id of the generation before it, whose content stays.")),
  ),
  unchanged: z.optional(
    z.literal(true).check(z.describe("The origin says that nothing has changed since the generation before.")),
  ),
  finished_at: finishedAt,
});

export type Announcement = Readonly<z.infer<typeof announcement>>;

export const failure = z.object({
  ...jobsNames,
  url: text.check(z.describe("The URL that was to be downloaded, as the producer wrote it.")),
  state: z.literal("FAILED").check(z.describe("The job has ended, and is not tried again unless it is reopened.")),
  failure_class: z
    .enum(FAILURE_CLASSES)
    .check(z.describe("origin: the origin said no. policy: fetchonce refuses. system: fetchonce or AWS could not.")),
  reason: text.check(z.describe("What the last attempt failed of: `http_404`, for example.")),
  redrives: z
    .int()
    .check(z.gte(0), z.describe("How often the job had been reopened. It counts one failure each time.")),
  metadata,
  finished_at: finishedAt,
});

export type Failure = Readonly<z.infer<typeof failure>>;

const batchOf = <T extends typeof announcement | typeof failure>(one: T) =>
  z.object({
    schema_version: schemaVersion,
    announcements: z
      .array(one)
      .check(z.minLength(1), z.describe("Each is what `detail` is where announcements are single, to the letter.")),
  });

/** The details of events that hold several. */
export const announcementBatch = batchOf(announcement);
export const failureBatch = batchOf(failure);
