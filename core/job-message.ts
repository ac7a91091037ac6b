import type { OutgoingMessage } from "./ports.ts";
import type { JobRecord } from "./record.ts";

/** A new message for a job that has a record: whatever the gate says, it takes the guarded path. */
export const messageOf = (job: JobRecord): OutgoingMessage => ({
  body: JSON.stringify({
    work_id: job.workId,
    artifact_id: job.artifactId,
    url: job.url,
    ...(job.expectedSha256 !== undefined && { sha256: job.expectedSha256 }),
    tracked: true,
  }),
  group: new URL(job.url).host,
});
