import fs from "node:fs";
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import type { LocalDatabase } from "../../adapters/local/database.ts";
import { codeOf, syncFolder } from "../../adapters/local/disk.ts";
import { MachineTroubleError, translateTrouble } from "../../adapters/local/machine-trouble.ts";
import { folded, numbered } from "./file-names.ts";

const TAKEN_BY = "SELECT job_id FROM names WHERE name = ?";
const NAME_OF = "SELECT name FROM names WHERE job_id = ?";
const TAKE = "INSERT OR REPLACE INTO names (name, job_id) VALUES (?, ?)";

/** A file stands where a folder is needed. */
const NO_FOLDER = new Set(["ENOTDIR", "EEXIST"]);
/** Something stands at the name. */
const TAKEN = new Set(["EEXIST", "EISDIR"]);
const CANNOT_LINK = new Set(["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
const MOST_NUMBERS = 10_000_000;

/** The files below `files/`: a second name for each content, as a hard link, a reflink or a copy. */
export class NameLinks {
  readonly #database: LocalDatabase;
  readonly #folder: string;
  /** By name, the first number that may be free. */
  readonly #nextNumbers = new Map<string, number>();
  readonly #changed = new Set<string>();

  constructor(database: LocalDatabase, folder: string) {
    this.#database = database;
    this.#folder = folder;
  }

  /**
   * Gives the content a name: the one that is wanted, or a numbered one if another job has it, or if a file stands in
   * the way.
   * @returns the name, relative to the folder.
   */
  give(jobId: string, wanted: string, contentPath: string): string {
    const free = this.#besideFiles(wanted);
    for (let number = this.#firstNumber(jobId, free); number <= MOST_NUMBERS; number++) {
      const name = numbered(free, number);
      const owner = this.#database.get(TAKEN_BY, folded(name))?.["job_id"];
      if (owner !== undefined && owner !== jobId) continue;
      if (!this.#link(contentPath, name, owner === jobId)) continue;
      this.#database.run(TAKE, folded(name), jobId);
      if (number > 1) this.#nextNumbers.set(free, Math.max(number + 1, this.#nextNumbers.get(free) ?? 0));
      return name;
    }
    throw new Error(`${wanted} and its first ${MOST_NUMBERS} numbers are taken below ${this.#folder}.`);
  }

  /** The number that the job's name has, or the first that may be free. */
  #firstNumber(jobId: string, free: string): number {
    const own = this.#database.get(NAME_OF, jobId)?.["name"];
    const number = typeof own === "string" ? Number(/-(\d+)(\.[^./]+)?$/.exec(own)?.[1] ?? 1) : undefined;
    if (number !== undefined && own === folded(numbered(free, number))) return number;
    return own === folded(free) ? 1 : (this.#nextNumbers.get(free) ?? 1);
  }

  /** Whether the name still leads to the content, or to a copy of its size. */
  isThere(name: string, content: fs.Stats): boolean {
    const found = fs.statSync(join(this.#folder, name), { throwIfNoEntry: false });
    return found !== undefined && (found.ino === content.ino || found.size === content.size);
  }

  /** Waits until the disk has all names that were given so far. */
  async sync(): Promise<void> {
    const folders = [...this.#changed];
    this.#changed.clear();
    await Promise.all(folders.map(syncFolder));
  }

  /** Makes the name's folders. @returns the name, with a number at each folder whose place a file has. */
  #besideFiles(wanted: string): string {
    const parts = wanted.split("/");
    const last = parts.pop() ?? "";
    if (this.#makeFolder(join(this.#folder, ...parts))) return wanted;
    const folders: string[] = [];
    for (const part of parts) {
      let number = 1;
      while (!this.#makeFolder(join(this.#folder, ...folders, numbered(part, number)))) number += 1;
      folders.push(numbered(part, number));
    }
    return [...folders, last].join("/");
  }

  /** @returns false if something else stands at the name. */
  #link(contentPath: string, name: string, isOurs: boolean): boolean {
    const path = join(this.#folder, name);
    try {
      if (isOurs) this.#replace(contentPath, path);
      else linkOrCopy(contentPath, path);
    } catch (error) {
      if (TAKEN.has(codeOf(error) ?? "")) return isSameFile(contentPath, path);
      throw translateTrouble(error, path);
    }
    this.#changed.add(dirname(path));
    return true;
  }

  #replace(contentPath: string, path: string): void {
    const draft = `${path}.${randomUUID()}.tmp`;
    try {
      linkOrCopy(contentPath, draft);
      fs.renameSync(draft, path);
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** @returns false if a file is in its place. */
  #makeFolder(path: string): boolean {
    try {
      const first = fs.mkdirSync(path, { recursive: true });
      if (first !== undefined)
        for (let made = path; made.length >= first.length; made = dirname(made)) this.#changed.add(dirname(made));
    } catch (error) {
      if (!NO_FOLDER.has(codeOf(error) ?? "")) throw translateTrouble(error, path);
      if (isFolder(this.#folder)) return false;
      throw new MachineTroubleError(this.#folder, "it must be a folder, and something else is in its place", error);
    }
    return true;
  }
}

const isFolder = (path: string): boolean => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true;

/** A crash may have come between the link and its record. */
function isSameFile(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => fs.statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

/** @throws EEXIST if something is at the place. */
function linkOrCopy(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (!CANNOT_LINK.has(codeOf(error) ?? "")) throw error;
    fs.copyFileSync(from, to, fs.constants.COPYFILE_FICLONE | fs.constants.COPYFILE_EXCL);
    const copy = fs.openSync(to, "r+");
    fs.fsyncSync(copy);
    fs.closeSync(copy);
  }
}
