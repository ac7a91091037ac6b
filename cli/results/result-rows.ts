import type { LocalDatabase, Row } from "../../adapters/local/database.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { Metadata } from "../../local/run/line-store.ts";
import type { Outcome } from "../../local/run/outcome.ts";
import { resultOf, type JobResult } from "../../local/run/results-file.ts";
import { noteKinds, type ValueKind } from "../../core/batches/column-types.ts";
import { pagesOf } from "../shared/pages.ts";

/** The fields of a result, in the order of their columns. */
export const RESULT_COLUMNS = [
  "job_id",
  "work_id",
  "artifact_id",
  "url",
  "state",
  "sha256",
  "bytes",
  "content_type",
  "key",
  "attempts",
  "reason",
  "path",
  "failure_class",
  "final_url",
  "file_name",
  "etag",
  "last_modified",
  "content_encoding",
  "decoded_from",
  "digest_source",
  "previous_job",
  "unchanged",
] as const satisfies readonly (keyof JobResult)[];

/** What a job has that has not ended. */
const UNKNOWN: Readonly<Record<Exclude<keyof JobResult, "job_id" | "work_id" | "artifact_id" | "url" | "path">, null>> =
  {
    state: null,
    sha256: null,
    bytes: null,
    content_type: null,
    key: null,
    attempts: null,
    reason: null,
    failure_class: null,
    final_url: null,
    file_name: null,
    etag: null,
    last_modified: null,
    content_encoding: null,
    decoded_from: null,
    digest_source: null,
    previous_job: null,
    unchanged: null,
  };

/** A line of the list, with its columns and those of its result. */
export type ResultRow = Readonly<Record<string, unknown>>;

const RESULTS = `SELECT seq, lines.job_id, message, metadata, outcome, name FROM lines
  LEFT JOIN ends ON ends.job_id = lines.job_id WHERE list = ? AND seq > ? ORDER BY seq LIMIT ?`;
const OWN = "SELECT seq, metadata FROM lines WHERE list = ? AND seq > ? AND metadata IS NOT NULL ORDER BY seq LIMIT ?";
const PAGE = 1_000;

/** The results of a list, a row for each of its lines, in its order. */
export class ResultRows {
  readonly #database: LocalDatabase;
  readonly #list: number;

  constructor(database: LocalDatabase, list: number) {
    this.#database = database;
    this.#list = list;
  }

  /** The columns of the user's own that any line has, with the kinds of values in them. Null is no kind. */
  async ownColumns(): Promise<ReadonlyMap<string, ReadonlySet<ValueKind>>> {
    const columns = new Map<string, Set<ValueKind>>();
    for await (const page of this.#pages(OWN)) {
      for (const row of page) noteKinds(columns, metadataOf(row));
    }
    return columns;
  }

  async *pages(): AsyncGenerator<readonly ResultRow[]> {
    for await (const page of this.#pages(RESULTS)) yield page.map(rowOf);
  }

  #pages(sql: string): AsyncGenerator<readonly Row[]> {
    return pagesOf((seq) => this.#database.all(sql, this.#list, seq, PAGE));
  }
}

const metadataOf = ({ metadata }: Row): Metadata =>
  metadata === null ? {} : (JSON.parse(String(metadata)) as Metadata);

function rowOf(row: Row): ResultRow {
  const { job_id, message, outcome, name } = row;
  const jobId = String(job_id);
  const asked = JSON.parse(String(message)) as JobMessage;
  const { work_id, artifact_id, url } = asked;
  const result =
    outcome === null
      ? { job_id: jobId, work_id, artifact_id, url, ...UNKNOWN, path: null }
      : resultOf(asked, {
          jobId,
          outcome: JSON.parse(String(outcome)) as Outcome,
          name: name === null ? null : String(name),
        });
  return { ...result, ...metadataOf(row) };
}
