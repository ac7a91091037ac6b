import fs from "node:fs";
import { dirname } from "node:path";
import { codeOf, onDisk } from "../../adapters/local/disk.ts";
import { MachineTroubleError, translateTrouble } from "../../adapters/local/machine-trouble.ts";

/**
 * Makes a folder, and those above it. Unlike `mkdirSync` with `recursive`, which calls a read-only file system a
 * missing folder, it says what is wrong.
 * @throws MachineTroubleError, which names the folder that cannot be made.
 */
export function makeFolder(path: string): void {
  try {
    fs.mkdirSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") {
      if (isFolder(path)) return;
      throw new MachineTroubleError(path, "it must be a folder, and something else is in its place", error);
    }
    if (code !== "ENOENT" && code !== "ENOTDIR") throw translateTrouble(error, path);
    makeFolder(dirname(path));
    onDisk(path, () => fs.mkdirSync(path));
  }
}

const isFolder = (path: string): boolean => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
