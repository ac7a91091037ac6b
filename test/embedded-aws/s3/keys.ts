/**
 * Maps object keys to paths and back. The characters `A-Za-z0-9-_.!~*'()` stay as they are; all others are
 * percent-encoded. That encoding never produces "+", so it marks the two cases that a file system cannot express:
 * "+" alone is an empty segment, and a trailing "+" means that the next path component continues the segment.
 */
import { join } from "node:path";
import { S3Error } from "./errors.ts";

/** S3's own limit, in bytes of UTF-8. */
const LONGEST_KEY = 1024;
/** Common file systems allow 255 bytes for a name, and one encoded character takes up to 12. */
const LONGEST_CHUNK = 200;

export function pathOfKey(root: string, key: string): string {
  if (key.includes("\0")) throw new S3Error("InvalidURI", "A key cannot contain a NUL character.");
  if (Buffer.byteLength(key) > LONGEST_KEY) {
    throw new S3Error("KeyTooLongError", `A key may have at most ${LONGEST_KEY} bytes of UTF-8; this one has more.`);
  }
  return join(root, ...key.split("/").flatMap(namesOfSegment));
}

function namesOfSegment(segment: string): readonly string[] {
  if (segment === "") return ["+"];
  if (segment === "." || segment === "..") return [segment.replaceAll(".", "%2E")];
  const chunks = [""];
  for (const character of segment) {
    const encoded = encodeURIComponent(character);
    const last = chunks.length - 1;
    const longer = `${chunks[last]}${encoded}`;
    if (longer.length <= LONGEST_CHUNK) chunks[last] = longer;
    else chunks.push(encoded);
  }
  return chunks.map((chunk, index) => (index < chunks.length - 1 ? `${chunk}+` : chunk));
}

export interface DecodedName {
  readonly text: string;
  /** Whether the next path component continues the same segment. */
  readonly continued: boolean;
}

/** @returns undefined for a name that encodes no key: the file is not ours. */
export function decodeName(name: string): DecodedName | undefined {
  if (name === "+") return { text: "", continued: false };
  const continued = name.endsWith("+");
  const encoded = continued ? name.slice(0, -1) : name;
  try {
    const text = decodeURIComponent(encoded);
    const isOurs = text === "." || text === ".." || encodeURIComponent(text) === encoded;
    return isOurs ? { text, continued } : undefined;
  } catch {
    return undefined;
  }
}

/** Compares keys in S3's order: by their UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
