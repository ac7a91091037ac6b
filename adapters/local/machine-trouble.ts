import { PermanentError, RunEndsError } from "../../core/model/errors.ts";

/** What happened, by the error codes of Node and of the operating system. */
const TROUBLES: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on its disk",
  EDQUOT: "your quota of disk space is used up",
  EROFS: "its file system is read-only",
  EACCES: "access is denied",
  EPERM: "access is denied",
  ENOTDIR: "a file is where a folder would have to be",
  EIO: "its disk reports an error",
  ENXIO: "its disk is gone",
  ENODEV: "its disk is gone",
  ESTALE: "its disk is gone",
  ENOTCONN: "its disk is gone",
  EISDIR: "a folder is in its place",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "the path is too long",
  EFBIG: "its file system takes no file of that size",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open on this machine",
};

/** SQLite's primary result codes that are about the machine (https://sqlite.org/rescode.html). */
const SQLITE_TROUBLES: ReadonlyMap<number, string> = new Map([
  [5, "another program has locked it"],
  [8, "it may not be written"],
  [10, "its disk reports an error"],
  [11, "it is damaged"],
  [13, "no space is left on its disk"],
  [14, "it cannot be opened"],
  [15, "its file system does not lock files"],
  [26, "it is damaged"],
]);

/** This machine stopped the work: a full disk, a folder that cannot be written. No job is charged; the run ends. */
export class MachineTroubleError extends RunEndsError {
  override readonly name = "MachineTroubleError";
  /** Says what happened and where. */
  readonly sentence: string;

  constructor(path: string, trouble: string, cause: unknown) {
    super("machine_trouble", { cause });
    this.sentence = `${path}: ${trouble}.`;
  }
}

const sqliteTrouble = (error: Error): string | undefined =>
  "errcode" in error && typeof error.errcode === "number" ? SQLITE_TROUBLES.get(error.errcode & 0xff) : undefined;

/**
 * The error to throw for what a file operation threw: a MachineTroubleError if the machine is to blame. A file that is
 * too large for the file system stops its own job only.
 */
export function translateTrouble(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  if (code === "EFBIG") return new PermanentError("too_large_for_file_system", "system", { cause: error });
  const trouble = TROUBLES[code] ?? sqliteTrouble(error);
  return trouble === undefined ? error : new MachineTroubleError(path, trouble, error);
}
