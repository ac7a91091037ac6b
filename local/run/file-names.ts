/** Names for files that a person reads, safe on every file system. */
import { createHash } from "node:crypto";

/** ext4, APFS and NTFS take 255 bytes or characters. The rest is left for a number and a draft's suffix. */
const LONGEST_PART_BYTES = 200;
const DIGEST_DIGITS = 8;
/** What Windows does not allow in a name, and control characters. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[<>:"/\\|?*\u0000-\u001f\u007f]/g;
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

/** Cuts a part that is too long. A digest of what was cut keeps two of them apart. */
function shortened(part: string): string {
  if (Buffer.byteLength(part) <= LONGEST_PART_BYTES) return part;
  const extension = /\.[\w-]{1,12}$/.exec(part)?.[0] ?? "";
  const digest = createHash("sha256").update(part).digest("hex").slice(0, DIGEST_DIGITS);
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

/** `host/path/name.ext` of a URL. */
export function nameOfUrl(url: string): string {
  const { host, pathname } = new URL(url);
  const parts = pathname.split("/").filter((part) => part !== "");
  if (pathname.endsWith("/") || parts.length === 0) parts.push(NAME_OF_A_FOLDER);
  return [host, ...parts.map(decoded)].map(safePart).join("/");
}

/** A name that the user gives: slashes make folders. */
export function nameOfText(text: string): string {
  const parts = text.split(/[/\\]/).filter((part) => part !== "" && part !== ".");
  return parts.length === 0 ? NAME_OF_A_FOLDER : parts.map(safePart).join("/");
}

/** `report.pdf`, `report-2.pdf`, `report-3.pdf`, ... */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const [, stem = name, extension = ""] = /^(.*?[^/])(\.[^./]+)$/s.exec(name) ?? [];
  return `${stem}-${number}${extension}`;
}

/** Equal for names that some file system does not tell apart. */
export const folded = (name: string): string => name.normalize("NFC").toLowerCase();
