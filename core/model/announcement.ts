/** What is told of an artifact that is in place: the promise to those who listen, `docs/announcements.md`. */
import * as z from "zod/mini";
import { STORED_STATES } from "./states.ts";

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
