/** A row of a batch's report: what became of a line, and the line's own columns. */
import { contentKey } from "../model/keys.ts";
import type { JobRecord, Transfer } from "../model/record.ts";
import { STORED_STATES } from "../model/states.ts";
import type { BatchLine, Columns, ColumnType } from "./batch-lines.ts";

/** The columns that every report has, in their order. They are those of a local run's results. */
const REPORT_COLUMNS = {
  job_id: "STRING",
  work_id: "STRING",
  artifact_id: "STRING",
  url: "STRING",
  state: "STRING",
  sha256: "STRING",
  bytes: "INT64",
  content_type: "STRING",
  key: "STRING",
  attempts: "INT64",
  reason: "STRING",
  failure_class: "STRING",
  final_url: "STRING",
  file_name: "STRING",
  etag: "STRING",
  last_modified: "STRING",
  content_encoding: "STRING",
  decoded_from: "STRING",
  digest_source: "STRING",
  previous_job: "STRING",
  unchanged: "BOOLEAN",
} as const satisfies Readonly<Record<string, ColumnType>>;

export type ReportRow = Readonly<Record<string, unknown>>;

/** A column of the list stands in the place of one of ours that is called the same, as in a local run's results. */
export const columnsOf = (own: Columns): Columns => ({ ...REPORT_COLUMNS, ...own });

export function rowOf({ artifact_id, columns, job_id, url, work_id }: BatchLine, job: JobRecord): ReportRow {
  const { attempts, failureClass, reason, state, transfer } = job;
  const isStored = (STORED_STATES as readonly string[]).includes(state);
  return {
    job_id,
    work_id,
    artifact_id,
    url,
    state,
    sha256: transfer?.sha256 ?? null,
    bytes: transfer?.bytes ?? null,
    content_type: transfer?.contentType ?? null,
    key: transfer && isStored ? contentKey(transfer.sha256) : null,
    attempts,
    reason: isStored ? null : (reason ?? null),
    failure_class: isStored ? null : (failureClass ?? null),
    ...originColumns(isStored ? transfer : undefined),
    ...columns,
  };
}

const originColumns = (transfer: Transfer | undefined) => ({
  final_url: transfer?.finalUrl ?? null,
  file_name: transfer?.fileName ?? null,
  etag: transfer?.originEtag ?? null,
  last_modified: transfer?.lastModified ?? null,
  content_encoding: transfer?.contentEncoding ?? null,
  decoded_from: transfer?.decodedFrom ?? null,
  digest_source: transfer?.digestSource ?? null,
  previous_job: transfer?.previousJob ?? null,
  unchanged: transfer?.isUnchanged ?? null,
});
