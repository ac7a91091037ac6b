import fs from "node:fs";
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import type { LocalDatabase } from "../../adapters/local/database.ts";
import { codeOf, syncFolder } from "../../adapters/local/disk.ts";
import { translateTrouble } from "../../adapters/local/machine-trouble.ts";
import { folded, numbered } from "./file-names.ts";

const TAKEN_BY = "SELECT job_id FROM names WHERE name = ?";
const TAKE = "INSERT OR REPLACE INTO names (name, job_id) VALUES (?, ?)";

/** A file stands where a folder is needed, or the other way round. */
const IN_THE_WAY = new Set(["ENOTDIR", "EEXIST", "EISDIR"]);
const CANNOT_LINK = new Set(["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
const MOST_NUMBERS = 100_000;

/** The files below `files/`: a second name for each content, as a hard link, a reflink or a copy. */
export class NameLinks {
  readonly #database: LocalDatabase;
  readonly #folder: string;
  readonly #changed = new Set<string>();

  constructor(database: LocalDatabase, folder: string) {
    this.#database = database;
    this.#folder = folder;
  }

  /**
   * Gives the content a name: the one that is wanted, or a numbered one if another job has it.
   * @returns the name, relative to the folder.
   */
  give(jobId: string, wanted: string, contentPath: string): string {
    for (let number = 1; number <= MOST_NUMBERS; number++) {
      const name = numbered(wanted, number);
      const owner = this.#database.get(TAKEN_BY, folded(name))?.["job_id"];
      if (owner !== undefined && owner !== jobId) continue;
      if (!this.#link(contentPath, name, owner === jobId)) continue;
      this.#database.run(TAKE, folded(name), jobId);
      return name;
    }
    throw new Error(`${wanted} and its first ${MOST_NUMBERS} numbers are taken below ${this.#folder}.`);
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

  /** @returns false if something else stands at the name or in its way. */
  #link(contentPath: string, name: string, isOurs: boolean): boolean {
    const path = join(this.#folder, name);
    try {
      this.#makeFolder(dirname(path));
      if (isOurs) this.#replace(contentPath, path);
      else linkOrCopy(contentPath, path);
    } catch (error) {
      if (IN_THE_WAY.has(codeOf(error) ?? "")) return isSameFile(contentPath, path);
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

  #makeFolder(path: string): void {
    const first = fs.mkdirSync(path, { recursive: true });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) this.#changed.add(dirname(made));
  }
}

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
