import { createCipheriv, createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { OriginFile } from "./file.ts";

/** 1 before the file's `changeAfter`, 2 after it. */
export type Version = 1 | 2;

/** What the origin sends for a file, after compression: its length, its ETag, and any slice of its bytes. */
export interface Representation {
  readonly bytes: number;
  readonly etag: string;
  slice(start: number, end: number): Generator<Uint8Array>;
}

const CHUNK = 64 * 1024;
const CIPHER_BLOCK = 16;

/** AES in counter mode over zeros: random-looking, repeatable, and as cheap at any offset as at the start. */
function* pseudoRandomBytes(seed: string, start: number, end: number): Generator<Uint8Array> {
  const key = createHash("sha256").update(seed).digest();
  const counter = Buffer.alloc(CIPHER_BLOCK);
  counter.writeBigUInt64BE(BigInt(Math.floor(start / CIPHER_BLOCK)), CIPHER_BLOCK - 8);
  const cipher = createCipheriv("aes-256-ctr", key, counter);
  cipher.update(Buffer.alloc(start % CIPHER_BLOCK));
  for (let at = start; at < end; at += CHUNK) yield cipher.update(Buffer.alloc(Math.min(CHUNK, end - at)));
}

function* slicesOf(whole: Uint8Array, start: number, end: number): Generator<Uint8Array> {
  for (let at = start; at < end; at += CHUNK) yield whole.subarray(at, Math.min(at + CHUNK, end));
}

export function representationOf(file: OriginFile, version: Version): Representation {
  const seed = `${file.content ?? file.name}#${version}`;
  const etag = createHash("sha256").update(`${seed}:${file.size}:${file.encoding}`).digest("hex").slice(0, 16);
  const plain = (start: number, end: number): Generator<Uint8Array> => pseudoRandomBytes(seed, start, end);
  if (file.encoding === undefined) return { bytes: file.size, etag, slice: plain };
  const zipped = gzipSync(Buffer.concat([...plain(0, file.size)]));
  return { bytes: zipped.length, etag, slice: (start, end) => slicesOf(zipped, start, end) };
}

/** SHA-256 in hex of what the origin sends for the file: of the compressed bytes, if it compresses. */
export function originSha256(file: OriginFile, version: Version = 1): string {
  const hash = createHash("sha256");
  const representation = representationOf(file, version);
  for (const chunk of representation.slice(0, representation.bytes)) hash.update(chunk);
  return hash.digest("hex");
}
