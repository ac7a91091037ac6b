/** The event that tells of a batch's end. What consumers may rely on is in docs/announcements.md. */
import * as z from "zod/mini";
import { present } from "../model/present.ts";
import type { BatchRecord } from "./batch-record.ts";
import { reportFolder } from "./report-files.ts";

const text = z.string().check(z.minLength(1));
const rows = (what: string) => z.int().check(z.gte(0), z.describe(what));

export const batchEnded = z.object({
  schema_version: z
    .literal(1)
    .check(z.describe("Changes when a field is removed or changes its meaning. Fields may be added without that.")),
  id: text.check(z.describe("The same in every delivery: the batch's id and its revision.")),
  batch_id: text.check(z.describe("The batch's id, as `fetchonce submit` prints it.")),
  revision: z.int().check(z.gte(1), z.describe("1, and one more each time that the batch was retried.")),
  name: text.check(z.describe("What the list is called.")),
  lines: rows("The list's lines, each of them a row of the report."),
  indexed: rows("Lines whose job was the first with its bytes."),
  deduped: rows("Lines whose job's bytes were stored by another job before."),
  failed: rows("Lines whose job has failed."),
  reasons: z
    .record(z.string(), z.int())
    .check(z.describe("How many of the failed lines have failed of each reason, `http_404` for example.")),
  submitted_at: z.iso.datetime().check(z.describe("When the batch was submitted first: ISO 8601, UTC.")),
  finished_at: z.iso.datetime().check(z.describe("When its report was complete: ISO 8601, UTC.")),
  bucket: text.check(z.describe("The bucket of the report.")),
  report: text.check(z.describe("What the keys of the report's files begin with.")),
});

export type BatchEnded = Readonly<z.infer<typeof batchEnded>>;

export function batchEndedOf(batch: BatchRecord, bucket: string): BatchEnded {
  const { counts, createdAtMs, id, lines, name, reasons, revision } = batch;
  return {
    schema_version: 1,
    id: `${id}-${revision}`,
    batch_id: id,
    revision,
    name,
    lines,
    indexed: counts.INDEXED,
    deduped: counts.DEDUPED,
    failed: counts.FAILED,
    reasons,
    submitted_at: new Date(createdAtMs).toISOString(),
    finished_at: new Date(present(batch.endedAtMs, "when an ended batch has ended")).toISOString(),
    bucket,
    report: reportFolder(batch),
  };
}
