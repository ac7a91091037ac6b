/** Files that the origin serves, lists of their URLs, and a check that a tool downloaded them. */
import { createHash, hash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pMap from "p-map";
import { MIB } from "../harness/measurement.ts";

const FILES_AT_A_TIME = 8;
const CHUNK_BYTES = MIB;

interface ServedFile {
  readonly url: string;
  readonly sha256: string;
}

/** A list of files to download. */
export interface UrlList {
  readonly files: readonly ServedFile[];
  /** A text file with one URL on each line. */
  readonly path: string;
}

/** Writes files of random bytes, no two of them alike. */
export async function makeFiles(
  folder: string,
  folderUrl: string,
  { count, size }: { readonly count: number; readonly size: number },
  signal: AbortSignal,
): Promise<readonly ServedFile[]> {
  await mkdir(folder);
  const names = Array.from({ length: count }, (_, index) => `${String(index).padStart(6, "0")}.bin`);
  return pMap(
    names,
    async (name) => ({ url: `${folderUrl}/${name}`, sha256: await writeRandomFile(join(folder, name), size) }),
    { concurrency: FILES_AT_A_TIME, signal },
  );
}

async function writeRandomFile(path: string, size: number): Promise<string> {
  const digest = createHash("sha256");
  const file = await open(path, "w");
  try {
    for (let rest = size; rest > 0; rest -= CHUNK_BYTES) {
      const chunk = randomBytes(Math.min(rest, CHUNK_BYTES));
      digest.update(chunk);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return digest.digest("hex");
}

export async function writeList(path: string, files: readonly ServedFile[]): Promise<UrlList> {
  await writeFile(path, files.map(({ url }) => `${url}\n`).join(""));
  return { path, files };
}

/**
 * Compares every file below a folder with the list, by its SHA-256.
 * @throws Error if a file is missing, differs, or is there twice.
 */
export async function checkDownloaded(list: UrlList, folder: string, signal: AbortSignal): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = await pMap(paths, async (path) => hash("sha256", await readFile(path)), {
    concurrency: FILES_AT_A_TIME,
    signal,
  });
  const there = new Set(digests);
  const missing = list.files.filter(({ sha256 }) => !there.has(sha256)).length;
  if (missing === 0 && paths.length === list.files.length) return;
  throw new Error(
    `Of ${list.files.length} files, ${missing} are not in ${folder} as they were served, and it has ${paths.length} files in all. So the measurement is void.`,
  );
}
