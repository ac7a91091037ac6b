import { hash } from "node:crypto";
import { canonicalJson } from "../model/keys.ts";
import type { Archive } from "../ports/archive.ts";
import type { DeadLetters } from "../ports/queue.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { readOrSetAside } from "./set-aside.ts";
import { isJobState } from "../model/states.ts";
import type { ItemChange, StreamRecord } from "../ports/stream.ts";

export const ARCHIVE_PREFIX = "ledger/";

export interface ArchiverDeps {
  readonly archive: Archive;
  readonly deadLetters: DeadLetters;
  readonly telemetry: Telemetry;
}

/**
 * Puts the job records that DynamoDB's TTL has removed into one object of the archive.
 * @throws when the object may not have been written: the stream delivers the batch again.
 */
export async function archive(deps: ArchiverDeps, records: readonly StreamRecord[]): Promise<void> {
  const lines: string[] = [];
  for (const record of records) {
    const line = await readOrSetAside(deps, record, lineOf);
    if (line !== undefined) lines.push(line);
  }
  const [first] = records;
  if (!first || lines.length === 0) return;
  const text = `${lines.join("\n")}\n`;
  await deps.archive.put(archiveKey(first.changedAtMs, text), text);
}

/** A record that was deleted by hand is not archived: somebody wanted it gone. */
const lineOf = ({ before, isExpiry }: ItemChange): string | undefined =>
  isExpiry && before && isJobState(before["state"]) ? canonicalJson(before) : undefined;

/** Named by the hash of its text: a batch that is delivered again overwrites only its own object. */
function archiveKey(firstRemovedAtMs: number, text: string): string {
  const day = new Date(firstRemovedAtMs).toISOString().slice(0, 10).replaceAll("-", "/");
  return `${ARCHIVE_PREFIX}${day}/${hash("sha256", text).slice(0, 32)}.jsonl.gz`;
}
