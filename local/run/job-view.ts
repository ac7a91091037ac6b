import type { LocalDatabase } from "../../adapters/local/database.ts";
import type { LineStore } from "./line-store.ts";
import type { Workspace } from "./workspace.ts";

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
const WAITING = `SELECT json_extract(item, '$.reason') AS reason, COUNT(*) AS count FROM items
  WHERE watch_at IS NOT NULL AND json_extract(item, '$.lease_owner') IS NULL GROUP BY 1 ORDER BY 2 DESC`;

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** The run's jobs, for somebody who looks at them. Asks the database, so that memory does not grow with the list. */
export class JobView {
  readonly #database: LocalDatabase;
  readonly #lines: LineStore;

  constructor({ database, lines }: Pick<Workspace, "database" | "lines">) {
    this.#database = database;
    this.#lines = lines;
  }

  /** Number of jobs that have begun and not ended, by state. */
  openStates(): ReadonlyMap<string, number> {
    return new Map(this.#database.all(OPEN_STATES).map((row) => [String(row["state"]), Number(row["count"])]));
  }

  /** Number of jobs that wait for another attempt, by the reason of the last one. */
  waiting(): ReadonlyMap<string, number> {
    return new Map(this.#database.all(WAITING).map((row) => [String(row["reason"] ?? ""), Number(row["count"])]));
  }

  /** Some of the jobs in that state. */
  inState(state: string, limit: number): readonly JobInState[] {
    const open = this.#database.all(OPEN_IN, state, limit);
    const ended = this.#database.all(ENDED_IN, state, limit);
    return [...open, ...ended].slice(0, limit).flatMap((row) => {
      const jobId = String(row["job_id"]);
      const url = this.urlOf(jobId);
      return url === undefined ? [] : [{ jobId, url, reason: textOrNull(row["reason"]) }];
    });
  }

  /** Undefined if the job is not of this list. */
  urlOf(jobId: string): string | undefined {
    return this.#lines.linesOf(jobId)[0]?.message.url;
  }
}
