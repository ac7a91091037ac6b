import { parse } from "content-disposition";

/** A name takes at most 255 bytes on most file systems, and a job's record must stay small. */
const LONGEST_NAME = 255;

/** The file name of a Content-Disposition header (RFC 6266, RFC 8187), without folders; undefined if it gives none. */
export function fileNameOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const { filename } = parse(header).parameters;
  const last = filename?.split(/[/\\]/).at(-1)?.trim().slice(0, LONGEST_NAME).toWellFormed();
  return last === "" ? undefined : last;
}
