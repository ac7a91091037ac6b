/** What a test must know of a server's program to start it and to judge its answers. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

interface Place {
  /** The files that are served. */
  readonly root: string;
  /** For configuration, logs and whatever else the server writes. */
  readonly folder: string;
  readonly port: number;
}

export interface ServerKind {
  readonly name: string;
  /** How to install it. */
  readonly install: string;
  /** Path of the program; undefined if it is not installed. */
  readonly program: string | undefined;
  /** Writes the configuration. @returns the program's arguments, with which it stays in the foreground. */
  configure(place: Place): readonly string[];
  /** A byte range is answered with 206. */
  readonly hasRanges: boolean;
  readonly keepsConnections: boolean;
  /** It is configured to compress what it sends, for those who accept that. */
  readonly compresses: boolean;
  /** The content coding that it is told to announce for .gz files in `encoded/`. */
  readonly encodingOfGz: "gzip" | "x-gzip" | undefined;
  /** It can be told to send what lies in `slow/` at no more than `SLOW_RATE`. */
  readonly limitsRate: boolean;
  /** It can be told to refuse what lies in `forbidden/`. */
  readonly refuses: boolean;
}

export const SLOW_KIB_A_SECOND = 4096;
/** Bytes a second. */
export const SLOW_RATE = SLOW_KIB_A_SECOND * 1024;

const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

export const programOf = (name: string): string | undefined =>
  FOLDERS.map((folder) => join(folder, name)).find(isExecutable);
