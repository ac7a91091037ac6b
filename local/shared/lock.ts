import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const SQLITE_BUSY = 5;
/** How long a run waits for worker processes whose parent died: they end when they notice. */
const ORPHANS_END_WITHIN_MS = 10_000;

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

function lock(path: string, begin: string, timeoutMs: number): (() => void) | undefined {
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${timeoutMs}; ${begin}`);
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return () => database.close();
}

const EXCLUSIVE = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
/** A transaction that has read something holds a shared lock until it ends. */
const SHARED = "BEGIN; SELECT * FROM sqlite_schema";

/**
 * Takes a lock that the operating system releases when this process ends, even after a crash.
 * @returns a function that releases it earlier; undefined if another process holds the lock.
 */
export const tryLock = (path: string): (() => void) | undefined => lock(path, EXCLUSIVE, 0);

const runLock = (stateDir: string): string => join(stateDir, "lock");
const workersLock = (stateDir: string): string => join(stateDir, "workers.lock");

/**
 * Takes the folder for one run. Afterwards no other run and no worker of an earlier run is alive.
 * @returns a function that gives it back; undefined if another run holds it.
 */
export function lockRun(stateDir: string): (() => void) | undefined {
  const release = tryLock(runLock(stateDir));
  if (!release) return undefined;
  const noWorkers = lock(workersLock(stateDir), EXCLUSIVE, ORPHANS_END_WITHIN_MS);
  noWorkers?.();
  if (noWorkers) return release;
  release();
  return undefined;
}

/** Held by each worker process of a run. @throws when a new run has begun meanwhile. */
export function shareLock(stateDir: string): () => void {
  const release = lock(workersLock(stateDir), SHARED, ORPHANS_END_WITHIN_MS);
  if (!release) throw new Error(`Another run has taken over ${stateDir}.`);
  return release;
}
