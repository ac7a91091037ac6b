import fs from "node:fs";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { onDisk, syncDescriptor } from "./disk.ts";
import { MachineTroubleError, translateTrouble } from "./machine-trouble.ts";

export interface DatabaseOptions {
  /** Whether this process copies the write-ahead log into the database from time to time. One process does. */
  readonly checkpoints: boolean;
}

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** How long a process waits for another one's transaction. Transactions last milliseconds. */
const BUSY_TIMEOUT_MS = 30_000;
/** The write-ahead log is copied into the database when it has this many pages of 4 KiB (64 MiB). */
const CHECKPOINT_PAGES = 16_384;

interface Waiting {
  /** Does the work. @returns how to settle its promise once the group is committed. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** Work of a group threw. */
class WorkFailedError extends Error {
  override readonly name = "WorkFailedError";
  readonly failed: Waiting;

  constructor(failed: Waiting, cause: unknown) {
    super("Work of a group failed.", { cause });
    this.failed = failed;
  }
}

/**
 * A SQLite database that several processes share, in WAL mode. A commit survives the death of all processes at once,
 * and a power cut only after `sync`. SQLite's own way, a sync in each commit, would let all other processes wait for
 * the disk.
 */
export class LocalDatabase {
  readonly #path: string;
  readonly #database: DatabaseSync;
  #log: number | undefined;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: Waiting[] = [];

  /** @throws MachineTroubleError when it cannot be opened. */
  constructor(path: string, { checkpoints }: DatabaseOptions) {
    this.#path = path;
    this.#database = this.#translating(() => new DatabaseSync(path));
    this.#translating(() => {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      this.#database.exec(`PRAGMA wal_autocheckpoint = ${checkpoints ? CHECKPOINT_PAGES : 0}`);
    });
  }

  exec(sql: string): void {
    this.#translating(() => this.#database.exec(sql));
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#translating(() => Number(this.#statement(sql).run(...values).changes));
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#translating(() => this.#statement(sql).get(...values));
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#translating(() => this.#statement(sql).all(...values));
  }

  /** Reads row by row. No other statement with the same text may run meanwhile. */
  *each(sql: string, ...values: SQLInputValue[]): Generator<Row> {
    yield* this.#statement(sql).iterate(...values);
  }

  /** Commits all that `work` does, or nothing if it throws. */
  transaction<T>(work: () => T): T {
    this.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Like `transaction`, for work that waits. Nothing else may use this connection meanwhile. */
  async longTransaction<T>(work: () => Promise<T>): Promise<T> {
    this.exec("BEGIN IMMEDIATE");
    try {
      const result = await work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Like `transaction`, in one commit with all other work that was submitted in the same turn of the event loop. */
  async grouped<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#commitGroup());
      this.#waiting.push({
        run: () => {
          const result = work();
          return () => resolve(result);
        },
        reject,
      });
    });
  }

  /** Waits until the disk has everything that any process has committed so far. */
  async sync(): Promise<void> {
    const path = `${this.#path}-wal`;
    // SQLite takes its locks on other files, so this descriptor does not disturb them.
    this.#log ??= onDisk(path, () => fs.openSync(path, "r+"));
    await syncDescriptor(this.#log, path);
  }

  close(): void {
    if (this.#log !== undefined) fs.closeSync(this.#log);
    this.#log = undefined;
    this.#database.close();
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }

  /** Work that throws fails alone: the others are done again without it. The machine's troubles fail all. */
  #commitGroup(): void {
    const group = new Set(this.#waiting);
    this.#waiting = [];
    while (group.size > 0) {
      try {
        const settlements = this.transaction(() => [...group].map(run));
        for (const settle of settlements) settle();
        return;
      } catch (error) {
        const failed = error instanceof WorkFailedError ? [error.failed] : [...group];
        for (const one of failed) {
          group.delete(one);
          one.reject(error instanceof WorkFailedError ? error.cause : error);
        }
      }
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #translating<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw translateTrouble(error, this.#path);
    }
  }
}

function run(waiting: Waiting): () => void {
  try {
    return waiting.run();
  } catch (error) {
    throw error instanceof MachineTroubleError ? error : new WorkFailedError(waiting, error);
  }
}
