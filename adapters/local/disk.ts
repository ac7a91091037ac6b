/** File operations that say which path failed, and that can wait until the disk has what they wrote. */
import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { setImmediate as othersTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { MachineTroubleError, translateTrouble } from "./machine-trouble.ts";

const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);

/**
 * How much is written at a time. Such a write fills the system's cache and returns: that costs less than a turn of the
 * thread pool (a tenth of the processor time of a large file). Of larger writes, Linux 6 makes large blocks of memory,
 * which took up to six times as long.
 */
const PIECE_BYTES = 128 * 1024;
/** After so many bytes whatever else waits for this thread gets its turn: a full cache may hold up a write. */
const TURN_BYTES = 8 * PIECE_BYTES;
/** Folders cannot be synced on Windows, on some network file systems, and where they may be used but not read. */
const CANNOT_SYNC_FOLDERS = new Set(["EPERM", "EISDIR", "EINVAL", "ENOTSUP", "EBADF", "EACCES"]);

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;

/** Changes when another file takes the place, and not when the file is moved or linked. */
export const etagOf = ({ ino, size }: fs.Stats): string => `${ino}-${size}`;

/** @throws MachineTroubleError when the machine is to blame. */
export function onDisk<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translateTrouble(error, path);
  }
}

/** What `work` returns; undefined if nothing is at the path. */
export function ifThere<T>(path: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw translateTrouble(error, path);
  }
}

/** Undefined if nothing is at the path. */
export const statOf = (path: string): fs.Stats | undefined =>
  onDisk(path, () => fs.statSync(path, { throwIfNoEntry: false }));

/** Writes to a file at a position, and waits until the disk has it. `flags` as for fs.open. */
export async function writeDurably(path: string, flags: string, body: Uint8Array, position: number): Promise<void> {
  // Where a file is created, the file system may wait for its journal: not on our thread.
  const file = await promisify(fs.open)(path, flags).catch((error: unknown) => {
    throw translateTrouble(error, path);
  });
  try {
    let done = 0;
    while (done < body.length) {
      const bytes = Math.min(body.length - done, PIECE_BYTES);
      done += fs.writeSync(file, body, done, bytes, position + done);
      if (done % TURN_BYTES === 0) await othersTurn();
    }
    await fdatasync(file);
  } catch (error) {
    throw translateTrouble(error, path);
  } finally {
    fs.closeSync(file);
  }
}

/** Waits until the disk has what was written to the file by anybody. */
export async function syncDescriptor(file: number, path: string): Promise<void> {
  try {
    await fsync(file);
  } catch (error) {
    throw translateTrouble(error, path);
  }
}

/** Waits until the disk has the file's bytes. */
export async function syncFile(path: string): Promise<void> {
  const file = fs.openSync(path, "r+");
  try {
    await fdatasync(file);
  } finally {
    fs.closeSync(file);
  }
}

/** Waits until the disk has the folder's entries. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  let folder: number | undefined;
  try {
    folder = fs.openSync(path, "r");
    await fsync(folder);
  } catch (error) {
    if (!CANNOT_SYNC_FOLDERS.has(codeOf(error) ?? "")) throw translateTrouble(error, path);
  } finally {
    if (folder !== undefined) fs.closeSync(folder);
  }
}

/**
 * Makes a folder and those above it, and waits until the disk has their names: somebody may have made one and died.
 * Unlike `mkdirSync` with `recursive`, which calls a read-only file system a missing folder, it says what is wrong.
 * @throws MachineTroubleError, which names the folder that cannot be made.
 */
export async function makeFolder(relative: string): Promise<void> {
  const path = resolve(relative);
  const above = dirname(path);
  try {
    fs.mkdirSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") refuseFile(path, error);
    else if (code !== "ENOENT" && code !== "ENOTDIR") throw translateTrouble(error, path);
    else {
      await makeFolder(above);
      onDisk(path, () => fs.mkdirSync(path));
    }
  }
  await syncFolder(above);
}

function refuseFile(path: string, cause: unknown): void {
  const isFolder = statOf(path)?.isDirectory() ?? false;
  if (!isFolder) throw new MachineTroubleError(path, "it must be a folder, and something else is in its place", cause);
}
