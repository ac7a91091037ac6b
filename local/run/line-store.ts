import type { LocalDatabase, Row } from "../../adapters/local/database.ts";
import { jobIdOf, jobItemKey } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import { present } from "../../core/model/present.ts";

/** Values of the user's own, by the names that they have in the list. */
export type Metadata = Readonly<Record<string, unknown>>;

export interface ListLine {
  /** Its number in the list, from 1. */
  readonly line: number;
  readonly message: JobMessage;
  readonly metadata: Metadata | undefined;
}

/** An earlier line of the list names the same job and expects another digest. */
export interface DigestConflict {
  readonly earlierLine: number;
}

const ADD = "INSERT INTO lines (list, line, job_id, message, metadata) VALUES (?, ?, ?, ?, ?)";
const EARLIER = "SELECT line, message FROM lines WHERE job_id = ? AND list = ? ORDER BY seq LIMIT 1";
const OF_JOB = "SELECT line, message, metadata FROM lines WHERE job_id = ? AND list = ? ORDER BY seq";
const FIRST_OF_JOBS = `SELECT seq, job_id, message FROM lines AS mine WHERE list = ? AND seq > ?
  AND NOT EXISTS (SELECT 1 FROM lines WHERE job_id = mine.job_id AND list = mine.list AND seq < mine.seq)
  ORDER BY seq LIMIT ?`;
const DROP_OLD = `DELETE FROM lines WHERE list < ?1
  AND (job_id IN (SELECT job_id FROM ends) OR job_id IN (SELECT job_id FROM lines WHERE list = ?1))`;

const lineOf = (row: Row): ListLine => ({
  line: Number(row["line"]),
  message: JSON.parse(String(row["message"])) as JobMessage,
  metadata: row["metadata"] === null ? undefined : (JSON.parse(String(row["metadata"])) as Metadata),
});

export interface ListedJob {
  readonly seq: number;
  readonly jobId: string;
  readonly message: JobMessage;
}

/** The lines of the run's list, in the database, so that memory does not grow with the list. */
export class LineStore {
  readonly #database: LocalDatabase;
  #list: number;

  constructor(database: LocalDatabase) {
    this.#database = database;
    this.#list = this.#count("SELECT COALESCE(MAX(list), 0) AS count FROM lines");
  }

  /** Begins a new list, in the transaction of the caller. */
  begin(): void {
    this.#list += 1;
  }

  /** Within the caller's transaction. A line that conflicts is not added. */
  add({ line, message, metadata }: ListLine): DigestConflict | undefined {
    const jobId = jobIdOf(message);
    if (message.sha256 !== undefined) {
      const row = this.#database.get(EARLIER, jobId, this.#list);
      const earlier = row && lineOf(row);
      const digest = earlier?.message.sha256;
      if (earlier && digest !== undefined && digest !== message.sha256) return { earlierLine: earlier.line };
    }
    const own = metadata === undefined ? null : JSON.stringify(metadata);
    this.#database.run(ADD, this.#list, line, jobId, JSON.stringify(message), own);
    return undefined;
  }

  /** Forgets the lines of earlier lists, except those whose jobs have not ended and are not in this list. */
  dropOld(): void {
    this.#database.run(DROP_OLD, this.#list);
  }

  /** Adds the lines of earlier lists to this one. */
  adoptOld(): void {
    this.#database.run("UPDATE lines SET list = ?", this.#list);
  }

  /** The number of the list. */
  get list(): number {
    return this.#list;
  }

  get total(): number {
    return this.#count("SELECT COUNT(*) AS count FROM lines WHERE list = ?", this.#list);
  }

  get jobs(): number {
    return this.#count("SELECT COUNT(DISTINCT job_id) AS count FROM lines WHERE list = ?", this.#list);
  }

  /** Jobs of earlier lists that have not ended. */
  get oldJobs(): number {
    return this.#count("SELECT COUNT(DISTINCT job_id) AS count FROM lines WHERE list < ?", this.#list);
  }

  /** The next jobs after the line `seq`, each at its first line. */
  jobsAfter(seq: number, limit: number): readonly ListedJob[] {
    return this.#database.all(FIRST_OF_JOBS, this.#list, seq, limit).map((row) => ({
      seq: Number(row["seq"]),
      jobId: String(row["job_id"]),
      message: lineOf({ ...row, metadata: null }).message,
    }));
  }

  linesOf(jobId: string): readonly ListLine[] {
    return this.#database.all(OF_JOB, jobId, this.#list).map(lineOf);
  }

  hasRecord(jobId: string): boolean {
    return this.#database.get("SELECT 1 AS there FROM items WHERE pk = ?", jobItemKey(jobId)) !== undefined;
  }

  #count(sql: string, ...values: readonly number[]): number {
    return Number(present(this.#database.get(sql, ...values), "a count")["count"]);
  }
}
