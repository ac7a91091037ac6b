import type { LocalDatabase, Row } from "../../adapters/local/database.ts";
import { jobItemKey } from "../../core/model/keys.ts";
import { decodeJob } from "../../core/model/record-codec.ts";
import { isTerminal } from "../../core/model/states.ts";
import type { Item } from "../../core/model/write.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";

export interface End {
  readonly jobId: string;
  readonly outcome: Outcome;
  /** The file's name below `files/`. */
  readonly name: string | null;
}

/** An end that is on the disk: file, folders and record. */
export interface SettledEnd extends End {
  /** Of the content file. Null: nothing was stored. */
  readonly mtimeMs: number | null;
}

const OF_JOB = "SELECT job_id, outcome, name, mtime_ms FROM ends WHERE job_id = ?";
const PUT = "INSERT OR REPLACE INTO ends (job_id, outcome, name, mtime_ms) VALUES (?, ?, ?, ?)";

/** Of a row with all columns of `ends`. */
export const endOf = (row: Row): SettledEnd => ({
  jobId: String(row["job_id"]),
  outcome: JSON.parse(String(row["outcome"])) as Outcome,
  name: row["name"] === null ? null : String(row["name"]),
  mtimeMs: row["mtime_ms"] === null ? null : Number(row["mtime_ms"]),
});

/** How jobs ended, in this run and in those before it. */
export class EndStore {
  readonly #database: LocalDatabase;

  constructor(database: LocalDatabase) {
    this.#database = database;
  }

  of(jobId: string): SettledEnd | undefined {
    const row = this.#database.get(OF_JOB, jobId);
    return row && endOf(row);
  }

  /** The outcome in the job's record, if the job is terminal. It may not have been on the disk when a run ended. */
  recorded(jobId: string): Outcome | undefined {
    const row = this.#database.get("SELECT item FROM items WHERE pk = ?", jobItemKey(jobId));
    if (!row) return undefined;
    const record = decodeJob(JSON.parse(String(row["item"])) as Item);
    return isTerminal(record.state) ? outcomeOf(record) : undefined;
  }

  /** Within the caller's transaction. */
  put({ jobId, outcome, name, mtimeMs }: SettledEnd): void {
    this.#database.run(PUT, jobId, JSON.stringify(outcome), name, mtimeMs);
  }

  /**
   * Forgets a job, so that it is fetched again as if it were new. Only while no worker is alive: the fence starts over.
   */
  forget(jobId: string): void {
    this.#database.run("DELETE FROM items WHERE pk = ?", jobItemKey(jobId));
    this.#database.run("DELETE FROM ends WHERE job_id = ?", jobId);
  }
}
