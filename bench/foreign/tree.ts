import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { representationOf } from "../../local/origin/content.ts";
import { GIB, KIB, MIB } from "../harness/measurement.ts";

export interface TreeFile {
  /** Path in the folder. It may contain characters that a URL must escape. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export const BIG_PATH = "one-gib.bin";
const PART = 8 * MIB;
const SMALL_FILES = 250;

const SIZES: readonly (readonly [path: string, size: number])[] = [
  [BIG_PATH, GIB],
  ["empty.txt", 0],
  ["one-byte.txt", 1],
  ["part-less-one.bin", PART - 1],
  ["part.bin", PART],
  ["part-and-one.bin", PART + 1],
  ["two parts.pdf", 2 * PART],
  ["bücher/drei & mehr.html", 3 * PART + 12_345],
  ["40-mib.json", 40 * MIB],
  ["64-mib.tar.gz", 64 * MIB],
  ...Array.from({ length: SMALL_FILES }, (_, index) => [`small/${index}.pdf`, (index * 7919) % (400 * KIB)] as const),
];

/** Writes the files. @returns their sizes and digests. */
export async function makeTree(folder: string): Promise<readonly TreeFile[]> {
  const files: TreeFile[] = [];
  for (const [path, size] of SIZES) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    const hash = createHash("sha256");
    const bytes = representationOf({ name: path, size }, 1).slice(0, size);
    await pipeline(
      Readable.from(bytes),
      async function* hashed(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(join(folder, path)),
    );
    files.push({ path, size, sha256: hash.digest("hex") });
  }
  return files;
}

export const urlPathOf = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
