import { randomUUID } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { copyFile, link, mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, orUndefined } from "../../../local/shared/errno.ts";

/** Identifies a file's bytes: stays the same when the file is renamed or linked, changes when its bytes change. */
export function identityOf(file: BigIntStats): string {
  return `${file.ino}-${file.size}-${file.mtimeNs}`;
}

export async function statIfFile(path: string): Promise<BigIntStats | undefined> {
  const found = await orUndefined(stat(path, { bigint: true }));
  return found?.isFile() ? found : undefined;
}

export async function namesIn(directory: string): Promise<readonly string[]> {
  return (await orUndefined(readdir(directory))) ?? [];
}

export async function readJson(path: string): Promise<unknown> {
  const text = await orUndefined(readFile(path, "utf8"));
  return text === undefined ? undefined : JSON.parse(text);
}

/** Folder for unfinished files. After a crash all of them are litter; the server removes them when it starts. */
export class Workshop {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async clear(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    await mkdir(this.#directory, { recursive: true });
  }

  newPath(): string {
    return join(this.#directory, randomUUID());
  }

  async writeJson(path: string, value: unknown): Promise<void> {
    const draft = this.newPath();
    await writeFile(draft, JSON.stringify(value));
    await moveInto(draft, path);
  }

  /** Links the file under a new name; on a file system without links, copies it (as a reflink, if possible). */
  async cloneOf(path: string): Promise<string> {
    const clone = this.newPath();
    try {
      await link(path, clone);
    } catch (error) {
      if (!hasCode(error, "EPERM", "ENOTSUP", "EMLINK", "ENOSYS")) throw error;
      await copyFile(path, clone, constants.COPYFILE_FICLONE);
    }
    return clone;
  }

  /** Removes a folder from its place atomically, then deletes it. */
  async removeFolder(directory: string): Promise<void> {
    const doomed = this.newPath();
    await orUndefined(rename(directory, doomed));
    await rm(doomed, { recursive: true, force: true });
  }
}

const MOST_MOVE_ATTEMPTS = 20;

/** Renames and creates missing folders. Retries, because another task may prune the same empty folders meanwhile. */
export async function moveInto(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (!hasCode(error, "ENOENT") || attempt === MOST_MOVE_ATTEMPTS) throw error;
      await orUndefined(mkdir(dirname(to), { recursive: true }));
    }
  }
}

export async function pruneEmptyFolders(from: string, root: string): Promise<void> {
  for (let folder = from; folder !== root && folder.startsWith(root); folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (hasCode(error, "ENOTEMPTY", "EEXIST", "ENOENT")) return;
      throw error;
    }
  }
}

/** Runs one task at a time for each name, in order of arrival. */
export class Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  async hold<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const mine = before.then(task, task);
    this.#tails.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(name) === mine) this.#tails.delete(name);
    }
  }
}
