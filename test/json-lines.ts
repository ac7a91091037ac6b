import { z } from "zod";

const text = z.string().min(1);
const count = z.int().min(0);

/** A line that `fetchonce get --json` prints. Columns of the user's own stand in results. */
export const jsonLine = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("message"), message: text }),
  z.looseObject({
    type: z.literal("result"),
    job_id: z.string().length(32),
    work_id: text,
    artifact_id: text,
    url: z.url(),
    state: z.enum(["INDEXED", "DEDUPED", "PUBLISHED", "FAILED"]),
    sha256: z.string().length(64).nullable(),
    bytes: count.nullable(),
    content_type: text.nullable(),
    key: text.nullable(),
    path: text.nullable(),
    attempts: count.nullable(),
    reason: text.nullable(),
    failure_class: z.enum(["origin", "policy", "system"]).nullable(),
    final_url: z.url().nullable(),
    file_name: text.nullable(),
    etag: text.nullable(),
    last_modified: text.nullable(),
    content_encoding: text.nullable(),
    decoded_from: text.nullable(),
    digest_source: text.nullable(),
    previous_job: z.string().length(32).nullable(),
    unchanged: z.boolean().nullable(),
  }),
  z.strictObject({
    type: z.literal("status"),
    total: count,
    done: count,
    failed: count,
    bytes: count,
    waiting: count,
    waits: z.array(
      z.strictObject({
        host: text,
        reason: text.nullable(),
        words: text.nullable(),
        jobs: count.nullable(),
        in_ms: count,
      }),
    ),
  }),
  z.strictObject({
    type: z.literal("summary"),
    jobs: count,
    stored: count,
    failed: count,
    open: count,
    stored_before: count,
    failed_before: count,
    damaged_before: count,
    invalid_lines: count,
    bytes: count,
    resumed_bytes: count,
    retries: count,
    takeovers: count,
    elapsed_ms: count,
    failures: z.record(z.string(), count),
    stopped: text.nullable(),
  }),
]);
