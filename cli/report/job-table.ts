import { LocalDatabase, type Row } from "../../adapters/local/database.ts";
import { jobItemKey } from "../../core/model/keys.ts";
import { hostOf } from "../../core/model/message.ts";
import type { Outcome } from "../../local/run/outcome.ts";
import { pagesOf } from "../shared/pages.ts";

/**
 * Nothing is ever committed: SQLite writes pages only when memory for them runs out, and nobody needs them afterwards.
 *
 * A row for each job of the list, at its first line. `state` is null until the job has ended; `stage` is then how far
 * it got. Times come from the events of this run: `began_ms` is null if no worker took the job in it, `ended_ms` if the
 * job did not end in it.
 */
const TABLES = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY, host TEXT NOT NULL, state TEXT, stage TEXT, reason TEXT, bytes INTEGER, type TEXT,
    attempts INTEGER, began_ms INTEGER, ended_ms INTEGER, worked_ms INTEGER, download_ms INTEGER
  );
  -- An attempt failed, and the next one had to wait. asked: the origin named the time with Retry-After.
  CREATE TABLE pauses (seq INTEGER NOT NULL, reason TEXT NOT NULL, delay_ms INTEGER NOT NULL, asked INTEGER NOT NULL);
  BEGIN;
`;
const ADD_JOB = `INSERT INTO jobs (seq, host, state, stage, reason, bytes, type, attempts, ended_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const SET_TIMES = "UPDATE jobs SET began_ms = ?, ended_ms = ?, worked_ms = ?, download_ms = ? WHERE seq = ?";
const ADD_PAUSE = "INSERT INTO pauses (seq, reason, delay_ms, asked) VALUES (?, ?, ?, ?)";

const LISTED = `SELECT mine.seq, message ->> 'url' AS url, outcome, mtime_ms,
    CASE WHEN outcome IS NULL THEN (SELECT item FROM items WHERE pk = '${jobItemKey("")}' || mine.job_id) END AS item
  FROM lines AS mine LEFT JOIN ends ON ends.job_id = mine.job_id
  WHERE list = ? AND seq > ?
  AND NOT EXISTS (SELECT 1 FROM lines WHERE job_id = mine.job_id AND list = mine.list AND seq < mine.seq)
  ORDER BY seq LIMIT ?`;
const SEQ_OF_JOB = "SELECT MIN(seq) AS seq FROM lines WHERE job_id = ? AND list = ?";
const PAGE = 1_000;

export interface JobTimes {
  readonly beganMs: number;
  /** Null: the job has not ended. */
  readonly endedMs: number | null;
  /** The time under a lease. The rest was spent waiting. */
  readonly workedMs: number;
  /** Null: no download was completed. */
  readonly downloadMs: number | null;
}

export interface Pause {
  readonly reason: string;
  readonly delayMs: number;
  readonly wasAsked: boolean;
}

/** What a report counts, in a temporary database on the disk, so that memory does not grow with the list. */
export class JobTable {
  readonly rows = new LocalDatabase("", { checkpoints: false });
  readonly #run: LocalDatabase;
  readonly #list: number;

  /** @param run the database of the run. */
  constructor(run: LocalDatabase, list: number) {
    this.#run = run;
    this.#list = list;
    this.rows.exec(TABLES);
  }

  /** Takes in the jobs of the list as they are now. Ends without a record have no event: their file has the time. */
  async fill(startedAtMs: number): Promise<void> {
    for await (const page of pagesOf((seq) => this.#run.all(LISTED, this.#list, seq, PAGE)))
      for (const row of page) this.#add(row, startedAtMs);
  }

  /** The job's row, if the list names the job. */
  seqOf(jobId: string): number | undefined {
    const seq = this.#run.get(SEQ_OF_JOB, jobId, this.#list)?.["seq"];
    return typeof seq === "number" ? seq : undefined;
  }

  setTimes(seq: number, { beganMs, endedMs, workedMs, downloadMs }: JobTimes): void {
    this.rows.run(SET_TIMES, beganMs, endedMs, workedMs, downloadMs, seq);
  }

  addPause(seq: number, { reason, delayMs, wasAsked }: Pause): void {
    this.rows.run(ADD_PAUSE, seq, reason, delayMs, Number(wasAsked));
  }

  close(): void {
    this.rows.close();
  }

  #add({ seq, url, outcome, mtime_ms, item }: Row, startedAtMs: number): void {
    const host = hostOf(String(url));
    if (typeof outcome === "string") {
      const { state, reason, bytes, content_type, attempts } = JSON.parse(outcome) as Outcome;
      const hasEvents = state !== "PUBLISHED";
      const endedMs = !hasEvents && Number(mtime_ms) >= startedAtMs ? Math.round(Number(mtime_ms)) : null;
      this.rows.run(ADD_JOB, Number(seq), host, state, null, reason, bytes, content_type, attempts, endedMs);
      return;
    }
    const { state, reason, attempts } = (typeof item === "string" ? JSON.parse(item) : {}) as UnfinishedRecord;
    const stage = state ?? null;
    this.rows.run(ADD_JOB, Number(seq), host, null, stage, reason ?? null, null, null, attempts ?? null, null);
  }
}

interface UnfinishedRecord {
  readonly state?: string;
  readonly reason?: string;
  readonly attempts?: number;
}
