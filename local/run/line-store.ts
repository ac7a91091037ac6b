import type { LocalDatabase, Row } from "../../adapters/local/database.ts";
import { jobIdOf, jobItemKey } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import { present } from "../../core/model/present.ts";
import { endOf, type SettledEnd } from "./end-store.ts";

/** Values of the user's own, by the names that they have in the list. */
export type Metadata = Readonly<Record<string, unknown>>;

export interface ListLine {
  /** Its number in the list, from 1. */
  readonly line: number;
  readonly message: JobMessage;
  readonly metadata: Metadata | undefined;
}

/**
 * An earlier line of the list names the same job, and expects another digest. Or it expects none, and the job can no
 * longer be told of one.
 */
export interface DigestConflict {
  readonly earlierLine: number;
  readonly isTooLate: boolean;
}

const ADD = "INSERT INTO lines (list, line, job_id, message, metadata) VALUES (?, ?, ?, ?, ?)";
const DIGEST = "json_extract(message, '$.sha256')";
const WITH_DIGEST = `SELECT line, ${DIGEST} AS digest FROM lines
  WHERE job_id = ? AND list = ? AND ${DIGEST} IS NOT NULL ORDER BY seq LIMIT 1`;
const UP_TO = "SELECT line FROM lines WHERE job_id = ? AND list = ? AND seq <= ? ORDER BY seq LIMIT 1";
const OF_JOB = "SELECT line, message, metadata FROM lines WHERE job_id = ? AND list = ? ORDER BY seq";
const FIRST_OF_JOBS = `SELECT seq, job_id, message, outcome, name, mtime_ms, (
    SELECT ${DIGEST} FROM lines WHERE job_id = mine.job_id AND list = mine.list AND ${DIGEST} IS NOT NULL LIMIT 1
  ) AS digest FROM lines AS mine LEFT JOIN ends USING (job_id) WHERE list = ? AND seq > ? AND seq <= ?
  AND NOT EXISTS (SELECT 1 FROM lines WHERE job_id = mine.job_id AND list = mine.list AND seq < mine.seq)
  ORDER BY seq LIMIT ?`;
const DROP_OLD = `DELETE FROM lines WHERE list < ?
  AND (job_id IN (SELECT job_id FROM ends) OR job_id IN (SELECT job_id FROM lines WHERE list = ?))`;

const ADOPT_MATCHING = "UPDATE lines SET list = ? WHERE json_extract(message, '$.url') GLOB ?";

const lineOf = (row: Row): ListLine => ({
  line: Number(row["line"]),
  message: JSON.parse(String(row["message"])) as JobMessage,
  metadata: row["metadata"] === null ? undefined : (JSON.parse(String(row["metadata"])) as Metadata),
});

/** The message, with the digest of another line of its job. */
const expecting = (message: JobMessage, digest: unknown): JobMessage =>
  typeof digest === "string" ? { ...message, sha256: digest } : message;

export interface ListedJob {
  readonly seq: number;
  readonly jobId: string;
  readonly message: JobMessage;
  /** If the job ended in this run, or in one before it. */
  readonly end: SettledEnd | undefined;
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

  /**
   * Within the caller's transaction. A line that conflicts is not added.
   * @param begunSeq jobs of lines up to this one have begun, with the digest that is known.
   */
  add({ line, message, metadata }: ListLine, begunSeq = 0): DigestConflict | undefined {
    const jobId = jobIdOf(message);
    const conflict = message.sha256 === undefined ? undefined : this.#conflict(jobId, message.sha256, begunSeq);
    if (conflict) return conflict;
    const own = metadata === undefined ? null : JSON.stringify(metadata);
    this.#database.run(ADD, this.#list, line, jobId, JSON.stringify(message), own);
    return undefined;
  }

  #conflict(jobId: string, digest: string, begunSeq: number): DigestConflict | undefined {
    const other = this.#database.get(WITH_DIGEST, jobId, this.#list);
    if (other && other["digest"] === digest) return undefined;
    const begun = other ? undefined : this.#database.get(UP_TO, jobId, this.#list, begunSeq);
    const earlier = other ?? begun;
    return earlier && { earlierLine: Number(earlier["line"]), isTooLate: begun !== undefined };
  }

  /** Whether one of the lines up to this one names the job. */
  isListed(jobId: string, upToSeq: number): boolean {
    return this.#database.get(UP_TO, jobId, this.#list, upToSeq) !== undefined;
  }

  /** Forgets the lines of earlier lists, except those whose jobs have not ended and are not in this list. */
  dropOld(): void {
    this.#database.run(DROP_OLD, this.#list, this.#list);
  }

  /** Adds the lines of earlier lists to this one. */
  adoptOld(): void {
    this.#database.run("UPDATE lines SET list = ? WHERE list < ?", this.#list, this.#list);
  }

  /** Makes a list of all lines whose URL matches, where `*` stands for any text. Others stay if they have not ended. */
  adoptMatching(pattern: string): void {
    this.#database.transaction(() => {
      this.begin();
      this.#database.run(ADOPT_MATCHING, this.#list, pattern.replace(/[[?]/g, "[$&]"));
      this.dropOld();
    });
  }

  /** Number of the list, which its lines bear. */
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

  /** The next jobs after the line `seq`, up to another one, each at its first line. */
  jobsAfter(seq: number, limit: number, upToSeq = Number.MAX_SAFE_INTEGER): readonly ListedJob[] {
    return this.#database.all(FIRST_OF_JOBS, this.#list, seq, upToSeq, limit).map((row) => ({
      seq: Number(row["seq"]),
      jobId: String(row["job_id"]),
      message: expecting(JSON.parse(String(row["message"])) as JobMessage, row["digest"]),
      end: row["outcome"] === null ? undefined : endOf(row),
    }));
  }

  /** What the job's message says. */
  messageOf(jobId: string): JobMessage | undefined {
    const lines = this.linesOf(jobId);
    const digest = lines.map(({ message }) => message.sha256).find((found) => found !== undefined);
    return lines[0] && expecting(lines[0].message, digest);
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
