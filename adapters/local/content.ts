import fs from "node:fs";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { StagedObjectGoneError } from "../../core/model/errors.ts";
import type { Published } from "../../core/model/record.ts";
import type { Content, StagedObject } from "../../core/ports/content.ts";
import { codeOf, etagOf, onDisk, statOf, syncFile } from "./disk.ts";
import { FolderSyncs } from "./folder-syncs.ts";
import { translateTrouble } from "./machine-trouble.ts";

export interface LocalContent extends Content {
  readonly pathOf: (key: string) => string;
  /** Removes the halves of copies that dead processes made. Only while nobody else publishes. */
  removeDrafts(): void;
}

/** No hard links: another disk, a file system without them, too many links. */
const CANNOT_LINK = new Set(["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

const DRAFT = /^[0-9a-f-]{36}\.tmp$/;
/** A file that is not in its place yet. It lies at the top of the content's folder, where the next run finds it. */
const newDraft = (folder: string): string => join(folder, `${randomUUID()}.tmp`);

/** Copies, syncs, then renames: nobody sees half of it. */
async function copy(from: string, draft: string, path: string): Promise<void> {
  try {
    await fs.promises.copyFile(from, draft, fs.constants.COPYFILE_FICLONE);
    await syncFile(draft);
    fs.renameSync(draft, path);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** Puts the whole file in the place of a damaged one. The place is never empty. */
function replace(from: string, draft: string, path: string): void {
  try {
    fs.linkSync(from, draft);
    fs.renameSync(draft, path);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** Makes the staged file's second name, in the place of a damaged file if there is one. */
async function place(from: string, draft: string, path: string, isDamaged: boolean): Promise<Published> {
  try {
    if (isDamaged) replace(from, draft, path);
    else fs.linkSync(from, path);
  } catch (error) {
    const code = codeOf(error) ?? "";
    if (code === "EEXIST") return "exists";
    if (!CANNOT_LINK.has(code)) throw error;
    await copy(from, draft, path);
  }
  return "created";
}

/**
 * Content as files below a folder. Publishing makes a second name (a hard link) for the staged file, which the disk
 * already has, so a content address never holds bytes that a power cut could take away. What is published, or found to
 * exist, has its folders on the disk too, so whoever goes on after a crash need not look.
 */
export function localContent(folder: string, stagedPathOf: (key: string) => string): LocalContent {
  const syncs = new FolderSyncs();
  /** Folders that are on the disk, with all folders above them. */
  const known = new Set<string>();
  const pathOf = (key: string): string => join(folder, ...key.split("/"));

  /** The folders above one that are not known to be on the disk: a process may have died before it synced one. */
  const unknownAbove = (path: string): readonly string[] => {
    if (known.has(path)) return [];
    const above = dirname(path);
    return path === folder ? [above] : [above, ...unknownAbove(above)];
  };

  /** Level by level: Node's recursive mkdir says ENOENT where the file system is read-only. */
  const makeFolder = (path: string): void => {
    if (known.has(path)) return;
    if (path !== folder) makeFolder(dirname(path));
    try {
      fs.mkdirSync(path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw translateTrouble(error, path);
    }
  };

  const makeLast = async (path: string): Promise<void> => {
    const parent = dirname(path);
    await syncs.sync([parent, ...unknownAbove(parent)]);
    for (let at = parent; !known.has(at); at = dirname(at)) {
      known.add(at);
      if (at === folder) break;
    }
  };

  const head = (key: string): { bytes: number } | undefined => {
    const found = statOf(pathOf(key));
    return found && { bytes: found.size };
  };

  const publish = async (staged: StagedObject, key: string): Promise<Published> => {
    const path = pathOf(key);
    const from = stagedPathOf(staged.key);
    const there = head(key)?.bytes;
    if (there === staged.bytes) return "exists";
    const found = statOf(from);
    if (!found || etagOf(found) !== staged.etag) throw new StagedObjectGoneError();
    makeFolder(dirname(path));
    try {
      // A file of another size is not what its name says: it was damaged. The staged one is whole.
      return await place(from, newDraft(folder), path, there !== undefined);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw translateTrouble(error, path);
      // Somebody took away the staged file, or the folder.
      known.clear();
      throw new StagedObjectGoneError({ cause: error });
    }
  };

  return {
    pathOf,
    removeDrafts() {
      for (const file of onDisk(folder, () => fs.readdirSync(folder)))
        if (DRAFT.test(file)) fs.rmSync(join(folder, file), { force: true });
    },
    async head(key) {
      const found = head(key);
      if (found) await makeLast(pathOf(key));
      return found;
    },
    async publish(staged, key, signal) {
      signal.throwIfAborted();
      const outcome = await publish(staged, key);
      await makeLast(pathOf(key));
      return outcome;
    },
  };
}
