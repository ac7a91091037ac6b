import fs from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onDisk } from "../../adapters/local/disk.ts";
import { translateTrouble } from "../../adapters/local/machine-trouble.ts";

const SQLITE_BUSY = 5;
/** How long a run waits for worker processes whose parent died: they end when they notice. */
const ORPHANS_END_WITHIN_MS = 10_000;

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

function lock(path: string, begin: string, timeoutMs: number): (() => void) | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${timeoutMs}; ${begin}`);
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw translateTrouble(error, path);
  }
  const held = database;
  return () => held.close();
}

const EXCLUSIVE = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
/** A transaction that has read something holds a shared lock until it ends. */
const SHARED = "BEGIN; SELECT * FROM sqlite_schema";

/**
 * Takes a lock that the operating system releases when this process ends, even after a crash.
 * @returns a function that releases it earlier; undefined if another process holds the lock.
 * @throws MachineTroubleError when the file cannot be used.
 */
export const tryLock = (path: string): (() => void) | undefined => lock(path, EXCLUSIVE, 0);

const runLock = (stateDir: string): string => join(stateDir, "lock");
const workersLock = (stateDir: string): string => join(stateDir, "workers.lock");
/** Holds the id of the process that took the folder last. */
const runPid = (stateDir: string): string => join(stateDir, "run.pid");

/** Waits until no worker is alive, and names this process as the parent of all workers to come. */
function takeOver(stateDir: string): boolean {
  const release = lock(workersLock(stateDir), EXCLUSIVE, ORPHANS_END_WITHIN_MS);
  if (!release) return false;
  try {
    onDisk(runPid(stateDir), () => fs.writeFileSync(runPid(stateDir), String(process.pid)));
  } finally {
    release();
  }
  return true;
}

/**
 * Takes the folder for one run. Afterwards no other run is alive. No worker of an earlier run is alive or can start.
 * @returns a function that gives it back; undefined if another run holds it.
 */
export function lockRun(stateDir: string): (() => void) | undefined {
  const release = tryLock(runLock(stateDir));
  if (!release) return undefined;
  let isTaken = false;
  try {
    isTaken = takeOver(stateDir);
    return isTaken ? release : undefined;
  } finally {
    if (!isTaken) release();
  }
}

/** Held by each worker process of a run: by its children. @throws when a new run has begun meanwhile. */
export function shareLock(stateDir: string): () => void {
  const release = lock(workersLock(stateDir), SHARED, ORPHANS_END_WITHIN_MS);
  if (release && fs.readFileSync(runPid(stateDir), "utf8") === String(process.ppid)) return release;
  release?.();
  throw new Error(`Another run has taken over ${stateDir}.`);
}
