import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { orUndefined } from "../../../local/shared/errno.ts";
import { compareKeys, decodeName } from "./keys.ts";

export interface KeyRange {
  readonly prefix: string;
  /** Only keys after this one. */
  readonly after: string;
}

interface Entry {
  /** A key; for a folder, the prefix of all keys in it. */
  readonly text: string;
  readonly path: string;
  readonly isFolder: boolean;
  readonly continued: boolean;
}

/** The keys stored under `root`, in S3's order. Reads one folder at a time. */
export async function* keysUnder(root: string, range: KeyRange, base = ""): AsyncGenerator<string> {
  const entries = (await entriesOf(root, base)).filter((entry) => mayHold(entry, range));
  entries.sort((a, b) => compareKeys(a.text, b.text));
  // Keys of a continued segment can sort between the keys of its neighbours, so such a folder is sorted as a whole.
  if (!entries.some((entry) => entry.continued)) {
    for (const entry of entries) yield* keysOf(entry, range);
    return;
  }
  const keys: string[] = [];
  for (const entry of entries) {
    for await (const key of keysOf(entry, range)) keys.push(key);
  }
  yield* keys.sort(compareKeys);
}

async function* keysOf(entry: Entry, range: KeyRange): AsyncGenerator<string> {
  if (entry.isFolder) yield* keysUnder(entry.path, range, entry.text);
  else yield entry.text;
}

function mayHold(entry: Entry, { prefix, after }: KeyRange): boolean {
  if (!entry.isFolder) return entry.text.startsWith(prefix) && compareKeys(entry.text, after) > 0;
  const canMatchPrefix = entry.text.startsWith(prefix) || prefix.startsWith(entry.text);
  return canMatchPrefix && (compareKeys(entry.text, after) > 0 || after.startsWith(entry.text));
}

async function entriesOf(folder: string, base: string): Promise<Entry[]> {
  const found = (await orUndefined(readdir(folder, { withFileTypes: true }))) ?? [];
  return found.flatMap((entry) => {
    const name = decodeName(entry.name);
    const isFolder = entry.isDirectory();
    if (name === undefined || (!isFolder && (name.continued || !entry.isFile()))) return [];
    const slash = isFolder && !name.continued ? "/" : "";
    const path = join(folder, entry.name);
    return [{ text: `${base}${name.text}${slash}`, path, isFolder, continued: name.continued }];
  });
}
