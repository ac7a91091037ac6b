import fs from "node:fs";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { StagedObjectGoneError } from "../../core/model/errors.ts";
import type { Content, Published, StagedObject } from "../../core/ports/content.ts";
import { codeOf, etagOf, ifThere, onDisk, syncFolder } from "./disk.ts";
import { translateTrouble } from "./machine-trouble.ts";

export interface LocalContent extends Content {
  pathOf(key: string): string;
  /** Waits until the disk has the entries of all folders that were changed so far. One call at a time. */
  syncFolders(): Promise<void>;
  /** The same for the folders of one file, whoever changed them. */
  syncFoldersOf(path: string): Promise<void>;
}

/** No hard links: another disk, a file system without them, too many links. */
const CANNOT_LINK = new Set(["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** A copy beside the place, synced, then renamed: nobody sees half of it. */
function copy(from: string, path: string): Published {
  if (fs.existsSync(path)) return "exists";
  const draft = `${path}.${randomUUID()}.tmp`;
  onDisk(path, () => {
    try {
      fs.copyFileSync(from, draft, fs.constants.COPYFILE_FICLONE);
      const file = fs.openSync(draft, "r+");
      fs.fsyncSync(file);
      fs.closeSync(file);
      fs.renameSync(draft, path);
    } finally {
      fs.rmSync(draft, { force: true });
    }
  });
  return "created";
}

/**
 * Content as files below a folder. Publishing makes a second name (a hard link) for the staged file, which the disk
 * already has, so a content address never holds bytes that a power cut could take away.
 */
export function localContent(folder: string, stagedPathOf: (key: string) => string): LocalContent {
  const known = new Set<string>();
  const changed = new Set<string>();
  const pathOf = (key: string): string => join(folder, ...key.split("/"));

  /** Makes a folder and those above it, and notes that their entries must be synced. */
  const makeFolder = (path: string): void => {
    if (known.has(path)) return;
    if (path !== folder) makeFolder(dirname(path));
    try {
      fs.mkdirSync(path);
      changed.add(dirname(path));
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw translateTrouble(error, path);
    }
    known.add(path);
  };

  const link = (staged: StagedObject, path: string): Published => {
    const from = stagedPathOf(staged.key);
    const found = ifThere(from, () => fs.statSync(from));
    if (!found || etagOf(found) !== staged.etag) throw new StagedObjectGoneError();
    try {
      fs.linkSync(from, path);
      return "created";
    } catch (error) {
      const code = codeOf(error) ?? "";
      if (code === "EEXIST") return "exists";
      if (code === "ENOENT") throw new StagedObjectGoneError({ cause: error });
      if (CANNOT_LINK.has(code)) return copy(from, path);
      throw translateTrouble(error, path);
    }
  };

  const head = (key: string): { bytes: number } | undefined => {
    const path = pathOf(key);
    const found = ifThere(path, () => fs.statSync(path));
    return found && { bytes: found.size };
  };

  return {
    pathOf,
    head: async (key) => head(key),
    async publish(staged, key, signal) {
      signal.throwIfAborted();
      const path = pathOf(key);
      makeFolder(dirname(path));
      let outcome = link(staged, path);
      // A file of another size is not what its name says: it was damaged. The staged one is whole.
      if (outcome === "exists" && head(key)?.bytes !== staged.bytes) {
        onDisk(path, () => fs.rmSync(path, { force: true }));
        outcome = link(staged, path);
      }
      changed.add(dirname(path));
      return outcome;
    },
    async syncFolders() {
      const folders = [...changed];
      changed.clear();
      await Promise.all(folders.map(syncFolder));
    },
    async syncFoldersOf(path) {
      for (let at = dirname(path); at.startsWith(folder); at = dirname(at)) await syncFolder(at);
    },
  };
}
