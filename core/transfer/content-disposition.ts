/** A name takes at most 255 bytes on most file systems, and a job's record must stay small. */
const LONGEST_NAME = 255;

/** `filename*=UTF-8''na%C3%AFve.txt` (RFC 8187) wins over `filename="naive.txt"` (RFC 6266). */
const EXTENDED = /;\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]+)/i;
const QUOTED = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i;
const PLAIN = /;\s*filename\s*=\s*([^;\s"]+)/i;

const latin1 = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

function decoded(charset: string, text: string): string | undefined {
  try {
    return charset.toLowerCase() === "utf-8" ? decodeURIComponent(text) : latin1(text);
  } catch {
    return undefined;
  }
}

/** The file name of a Content-Disposition header, without any folders; undefined if it gives none. */
export function fileNameOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, charset = "", encoded = ""] = EXTENDED.exec(header) ?? [];
  const quoted = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, "$1");
  const name = (encoded && decoded(charset, encoded)) || quoted || PLAIN.exec(header)?.[1];
  const last = name?.split(/[/\\]/).at(-1)?.trim().toWellFormed().slice(0, LONGEST_NAME);
  return last === "" ? undefined : last;
}
