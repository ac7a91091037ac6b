import type { LocalDatabase, Row } from "../../adapters/local/database.ts";
import { jobItemKey } from "../../core/model/keys.ts";

export interface JobUnderWay {
  readonly url: string;
  readonly stagedBytes: number;
  /** Undefined: the origin has not said. */
  readonly totalBytes: number | undefined;
}

export interface JobInState {
  readonly jobId: string;
  readonly url: string;
  readonly reason: string | null;
}

const OPEN_STATES = `SELECT json_extract(item, '$.state') AS state, COUNT(*) AS count FROM items
  WHERE watch_at IS NOT NULL GROUP BY 1`;
const OPEN_IN = `SELECT substr(pk, 5) AS job_id, json_extract(item, '$.reason') AS reason FROM items
  WHERE watch_at IS NOT NULL AND json_extract(item, '$.state') = ? LIMIT ?`;
const ENDED_IN = `SELECT job_id, json_extract(outcome, '$.reason') AS reason FROM ends
  WHERE json_extract(outcome, '$.state') = ? LIMIT ?`;
const NOT_BEGUN = `SELECT DISTINCT job_id FROM lines WHERE list = ?
  AND NOT EXISTS (SELECT 1 FROM items WHERE pk = 'JOB#' || lines.job_id AND watch_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM ends WHERE job_id = lines.job_id) LIMIT ?`;
const UNDER_WAY = `SELECT json_extract(item, '$.op_head.result.bytes') AS total,
  json_extract(item, '$.checkpoint.offset') AS staged FROM items WHERE pk = ?`;

const URL_OF = `SELECT json_extract(message, '$.url') AS url FROM lines
  WHERE job_id = ? AND list = ? ORDER BY seq LIMIT 1`;

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** The run's jobs, for somebody who looks at them. Asks the database, so that memory does not grow with the list. */
export class JobView {
  readonly #database: LocalDatabase;
  readonly #list: () => number;

  /** @param list number of the run's list. */
  constructor(database: LocalDatabase, list: () => number) {
    this.#database = database;
    this.#list = list;
  }

  /** Number of jobs that have begun and not ended, by state. */
  openStates(): ReadonlyMap<string, number> {
    return new Map(this.#database.all(OPEN_STATES).map((row) => [String(row["state"]), Number(row["count"])]));
  }

  /** Some of the jobs with which no worker has begun. */
  notBegun(limit: number): readonly JobInState[] {
    return this.#listed(this.#database.all(NOT_BEGUN, this.#list(), limit));
  }

  /** Some of the jobs in that state. */
  inState(state: string, limit: number): readonly JobInState[] {
    const open = this.#database.all(OPEN_IN, state, limit);
    const ended = this.#database.all(ENDED_IN, state, limit);
    return this.#listed([...open, ...ended].slice(0, limit));
  }

  /** Undefined if the job is not of this list. */
  underWay(jobId: string): JobUnderWay | undefined {
    const url = this.urlOf(jobId);
    if (url === undefined) return undefined;
    const { staged, total } = this.#database.get(UNDER_WAY, jobItemKey(jobId)) ?? {};
    return { url, stagedBytes: Number(staged ?? 0), totalBytes: typeof total === "number" ? total : undefined };
  }

  /** Undefined if the job is not of this list. */
  urlOf(jobId: string): string | undefined {
    const url = this.#database.get(URL_OF, jobId, this.#list())?.["url"];
    return typeof url === "string" ? url : undefined;
  }

  #listed(rows: readonly Row[]): readonly JobInState[] {
    return rows.flatMap((row) => {
      const jobId = String(row["job_id"]);
      const url = this.urlOf(jobId);
      return url === undefined ? [] : [{ jobId, url, reason: textOrNull(row["reason"]) }];
    });
  }
}
