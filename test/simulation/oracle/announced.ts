/** What an announcement must say. */
import type { Announcement, Failure } from "../../../core/model/announcement.ts";
import { contentKey } from "../../../core/model/keys.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import type { Item } from "../../../core/model/write.ts";
import type { Told } from "../services/bus.ts";
import type { Change } from "../services/items.ts";
import { isPoisonKey } from "../services/lasting.ts";
import { CONTENT_BUCKET } from "../services/settings.ts";
import { isFinished } from "./leftovers.ts";
import { numberOf } from "./unfenced-writes.ts";
import { Violation } from "./violation.ts";

type Objects = ReadonlyMap<string, { readonly body: Buffer; readonly contentType: string }>;

export const isStored = ({ state }: Item): boolean => state === "INDEXED" || state === "DEDUPED";

/** Whether the write is the one by which the job failed. */
export const isFailing = ({ key, before, after }: Change): boolean =>
  after?.["state"] === "FAILED" && !isFinished(before) && !isPoisonKey(key);

/** A repeated announcement equals the first. */
export function checkSame(told: Told, before: Told | undefined): void {
  if (before && JSON.stringify(before) !== JSON.stringify(told)) throw wrong(told, "in two versions");
}

/** An announcement matches the job's record and content. */
export function checkStored(told: Announcement, item: Item | undefined, objects: Objects): void {
  const { bucket, bytes, finished_at: finishedAt, key, sha256, state } = told;
  if (!item || !isStored(item)) throw wrong(told, `while it is ${JSON.stringify(item?.["state"])}`);
  const { operations, transfer } = decodeJob(item);
  if (state !== item["state"]) throw wrong(told, `as ${state}`);
  checkNames(told, item);
  if (sha256 !== transfer?.sha256 || key !== contentKey(sha256)) throw wrong(told, "with other content than it has");
  if (bucket !== CONTENT_BUCKET || objects.get(key)?.body.length !== bytes)
    throw wrong(told, "with content that does not exist");
  if (Date.parse(finishedAt) !== (operations.INDEX ?? operations.DEDUPE)?.atMs)
    throw wrong(told, "with another time than it finished at");
}

/** An announcement matches the record as it was when the job failed. It may have been reopened since. */
export function checkFailed(told: Failure, changes: readonly Change[]): void {
  const failed = changes.findLast(
    (change) => isFailing(change) && change.key.endsWith(told.id) && redrivesOf(change) === told.redrives,
  )?.after;
  if (!failed) throw wrong(told, "as FAILED, which it never was");
  checkNames(told, failed);
  if (told.reason !== failed["reason"] || told.failure_class !== failed["failure_class"])
    throw wrong(told, "with another reason than it failed of");
  if (Date.parse(told.finished_at) !== failed["failed_at"]) throw wrong(told, "with another time than it failed at");
}

export const redrivesOf = ({ after = {} }: Change): number => numberOf(after, "redrives");

function checkNames(told: Told, item: Item): void {
  const { artifactId, url, workId } = decodeJob(item);
  const matches = [told.url === url, told.work_id === workId, told.artifact_id === artifactId];
  if (matches.includes(false)) throw wrong(told, "with other fields than its record has");
}

const wrong = ({ id }: Told, what: string): Violation => new Violation(`${id} was announced ${what}`);
