/** The files that every server serves, and the URLs by which they are asked for. */
import { createHash, createHmac } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

const KIB = 1024;
export const MIB = 1024 * KIB;

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Bytes that differ from name to name, and that nothing can compress. */
function bytesOf(name: string, size: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, n) =>
    createHmac("sha256", name).update(String(n)).digest(),
  );
  return Buffer.concat(blocks).subarray(0, size);
}

export interface Wanted {
  /** Below the site's root, as it stands in the file system. */
  readonly name: string;
  readonly bytes: Buffer;
  /** The URL's path, if it is not the name with its escapes. */
  readonly path?: string;
}

const escaped = (name: string): string => name.split("/").map(encodeURIComponent).join("/");
export const pathOf = ({ name, path = escaped(name) }: Wanted): string => `/${path}`;

const file = (name: string, size = 5 * KIB): Wanted => ({ name, bytes: bytesOf(name, size) });
const text = (name: string): Wanted => ({ name, bytes: Buffer.from(`${name} `.repeat(2000)) });
const zipped = (name: string): Wanted => ({ name, bytes: gzipSync(`${name},1\n`.repeat(1000)) });

export const COMPRESSIBLE: Wanted = text("compressible.txt");
/** Served as text/csv with `Content-Encoding: gzip` or `x-gzip`, where the server can be told so. */
export const ENCODED: Wanted = zipped("encoded/data.csv.gz");
export const DIRECTORY: Wanted = { ...text("folder/index.html"), path: "folder" };

export const FILES: readonly Wanted[] = [
  file("empty.bin", 0),
  file("one.bin", 1),
  file("ten-kib.bin", 10 * KIB),
  file("part.bin", 8 * MIB),
  file("large.bin", 20 * MIB),
  file("no-extension"),
  COMPRESSIBLE,
  text("page.html"),
  file("with two spaces.bin"),
  file("Ünïcödé 文件 🙂.bin"),
  { ...file("raw-Ünïcödé-文件.bin"), path: "raw-Ünïcödé-文件.bin" },
  file("100%.bin"),
  file("%41%2F.bin"),
  file("a+b.bin"),
  { ...file("c+d.bin"), path: "c+d.bin" },
  file("c#1.bin"),
  file("what?.bin"),
  { ...file("query.bin"), path: "query.bin?a=b%20c&d=%3F#fragment" },
  { ...file("dots/below.bin"), path: "elsewhere/../dots/./below.bin" },
  file("semi;colon&'quote'.bin"),
  zipped("data.csv.gz"),
  zipped("archive.tar.gz"),
  ENCODED,
  DIRECTORY,
  { ...text("folder with space/index.html"), path: "folder%20with%20space" },
];

export const SLOW: Wanted = file("slow/large.bin", 20 * MIB);
export const REPLACED: Wanted = text("replaced.txt");
export const FORBIDDEN: Wanted = text("forbidden/secret.txt");
export const SMALL: readonly Wanted[] = Array.from({ length: 200 }, (_, n) => text(`small/${n}.txt`));

/** A server may give up its rights before it reads the files. */
const EVERYBODY_READS = 0o755;

export function writeSite(root: string): void {
  mkdirSync(root);
  chmodSync(dirname(root), EVERYBODY_READS);
  chmodSync(root, EVERYBODY_READS);
  for (const { name, bytes } of [...FILES, SLOW, REPLACED, FORBIDDEN, ...SMALL]) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}
