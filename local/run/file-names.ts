/** Names for files that a person reads, safe on every file system. */
import { createHash } from "node:crypto";

/** ext4, APFS and NTFS take 255 bytes or characters. The rest is left for a number and a draft's suffix. */
const LONGEST_PART_BYTES = 200;
/** Of a whole name. macOS takes 1,024 bytes for a path, the folders above `files/` included. */
const LONGEST_NAME_BYTES = 600;
/** What a cut name keeps of its folders. */
const FOLDERS_KEPT_BYTES = 300;
const DIGEST_DIGITS = 8;
/** What Windows does not allow in a name, and control characters. */
const UNSAFE = /[<>:"/\\|?*\p{Cc}]/gu;
/** Devices of Windows, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;
const NAME_OF_A_FOLDER = "index";

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, DIGEST_DIGITS);

/** Cuts a part that is too long. A digest of what was cut keeps two of them apart. */
function shortened(part: string): string {
  if (Buffer.byteLength(part) <= LONGEST_PART_BYTES) return part;
  const extension = /\.[\w-]{1,12}$/.exec(part)?.[0] ?? "";
  const digest = digestOf(part);
  let stem = part.slice(0, LONGEST_PART_BYTES);
  while (Buffer.byteLength(stem) + DIGEST_DIGITS + 1 + extension.length > LONGEST_PART_BYTES) stem = stem.slice(0, -1);
  return `${stem.toWellFormed()}-${digest}${extension}`;
}

/** One part of a path. `.` and `..` are no names, and Windows drops dots and blanks at the end. */
export function safePart(text: string): string {
  const safe = text
    .normalize("NFC")
    .toWellFormed()
    .replace(UNSAFE, "_")
    .replace(/[. ]+$/, "_");
  const named = safe.trim() === "" ? "_" : safe;
  return shortened(RESERVED.test(named) ? `_${named}` : named);
}

/** Joins the parts. Where there are too many folders, a digest stands for the last of them. */
function joined(parts: readonly string[]): string {
  const name = parts.map(safePart).join("/");
  if (Buffer.byteLength(name) <= LONGEST_NAME_BYTES) return name;
  const folders = name.split("/");
  const last = folders.pop() ?? "";
  const kept: string[] = [];
  for (const folder of folders) {
    if (Buffer.byteLength([...kept, folder].join("/")) > FOLDERS_KEPT_BYTES) break;
    kept.push(folder);
  }
  return [...kept, digestOf(name), last].join("/");
}

/** `host/path/name.ext` of a URL. */
export function nameOfUrl(url: string): string {
  const { host, pathname } = new URL(url);
  const parts = pathname.split("/").filter((part) => part !== "");
  if (pathname.endsWith("/") || parts.length === 0) parts.push(NAME_OF_A_FOLDER);
  return joined([host, ...parts.map(decoded)]);
}

/** A name that the user gives: slashes make folders. */
export function nameOfText(text: string): string {
  const parts = text.split(/[/\\]/).filter((part) => part !== "" && part !== ".");
  return parts.length === 0 ? NAME_OF_A_FOLDER : joined(parts);
}

/** `report.pdf`, `report-2.pdf`, `report-3.pdf`, ... */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const [, stem = name, extension = ""] = /^(.*?[^/])(\.[^./]+)$/s.exec(name) ?? [];
  return `${stem}-${number}${extension}`;
}

/** Equal for names that some file system does not tell apart. */
export const folded = (name: string): string => name.normalize("NFC").toLowerCase();
