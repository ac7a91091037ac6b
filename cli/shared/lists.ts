/** Lists that somebody has put into S3, as operators see them. */
import { decodeList, listItemKey, type ListRecord } from "../../core/lists/list-record.ts";
import { present } from "../../core/model/present.ts";
import type { Items } from "../../core/ports/items.ts";
import { plural, timeOf } from "./words.ts";

/** Those of the ids that are lists. */
export async function listsNamed(
  items: Pick<Items, "readMany">,
  ids: readonly string[],
): Promise<readonly ListRecord[]> {
  const found = await items.readMany(ids.map(listItemKey));
  return [...found.values()].map(decodeList).toSorted((a, b) => b.createdAtMs - a.createdAtMs);
}

/** A list becomes a batch when all of its lines have been checked. */
export const isBatch = ({ phase }: ListRecord): boolean => phase === "sending" || phase === "sent";

export const lineOfList = ({ createdAtMs, cursor, id, name, phase }: ListRecord): string =>
  `${id}  ${phase.padEnd(9)}  ${timeOf(createdAtMs)}  ${plural(cursor.lines, "line")} so far  ${name}`;

export function wordsOfList(list: ListRecord): readonly string[] {
  const { createdAtMs, cursor, id, name, phase, reason } = list;
  const head = `List ${id}  ${name}`;
  const found = `found ${timeOf(createdAtMs)}`;
  if (phase === "checking") return [head, `its lines are being checked: ${cursor.lines} so far; ${found}`];
  const why = `Refused, and nothing of it was sent: ${present(reason, "why a list was refused")}`;
  return [head, found, why, ...cursor.problems.map((problem) => `  ${problem}`)];
}

/** How far the sending is, as long as it is under way. */
export const sendingWords = ({ cursor, filesSent, phase }: ListRecord): readonly string[] =>
  phase === "sending" ? [`Its jobs are being sent: ${filesSent} of ${plural(cursor.files, "file")} so far`] : [];

export const fieldsOfList = ({ createdAtMs, cursor, filesSent, id, name, phase, reason }: ListRecord): object => ({
  id,
  name,
  phase,
  lines: cursor.lines,
  invalid_lines: cursor.invalid,
  files: cursor.files,
  files_sent: filesSent,
  reason: reason ?? null,
  problems: cursor.problems,
  found_at_ms: createdAtMs,
});
