import { hash } from "node:crypto";
import type { Announcement } from "../../../core/model/announcement.ts";
import type { Item, Value, Write } from "../../../core/model/write.ts";
import { contentKey, jobIdOf, jobIdOfStagingKey, jobItemKey, stagingKey } from "../../../core/model/keys.ts";
import { jobMessage } from "../../../core/model/message.ts";
import { UNGUARDED_PREFIX } from "../../../core/worker/unguarded.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import { isJobState, isTerminal, JOB_STATES, mayFollow, type JobState } from "../../../core/model/states.ts";
import type { Boundary } from "../services/process.ts";
import { CONTENT_BUCKET, LEASE_TTL_MS, REQUEUE_GRACE_MS } from "../services/settings.ts";

/** A promise that was broken, with what broke it. */
export class Violation extends Error {
  override readonly name = "Violation";
}

const READS = new Set(["staging.head", "staging.listParts", "staging.litter", "content.head"]);

/** A delivery of nothing but finished jobs asks no origin and writes nothing to S3. */
export function checkDuplicate({ process, port, method }: Boundary): void {
  const isOfS3 = port === "staging" || port === "content";
  if (port === "http" || (isOfS3 && !READS.has(`${port}.${method}`)))
    throw new Violation(`${process} called ${port}.${method} for jobs that are finished`);
}

export const isOfPlainPath = (key: string): boolean => key.split("/").at(-1)?.startsWith(UNGUARDED_PREFIX) === true;

interface Removal {
  readonly process: string;
  readonly key: string;
  readonly uploadId: string | undefined;
  /** The fence under which the job was opened again, 0 if it was not. */
  readonly reopenedAt: number;
}

/**
 * What the record of an unfinished job refers to, nobody removes; the reconciler removes nothing of such a job. Two things
 * are another matter, since the reconciler looks first and removes then: what the plain path left, whose job may get its
 * record (the gate was turned) in between, and what was staged before a failed job was opened again.
 */
export function checkRemoval(item: Item | undefined, { process, key, uploadId, reopenedAt }: Removal): void {
  if (!item || isOfPlainPath(key)) return;
  const { jobId, state, checkpoint, transfer } = decodeJob(item);
  if (isTerminal(state)) return;
  const isCheckpoint = uploadId !== undefined && checkpoint?.uploadId === uploadId && !transfer;
  const isTransfer = uploadId === undefined && transfer !== undefined && key === stagingKey(jobId, transfer.stagedBy);
  const isOfBefore = Number(key.split("/").at(-1)) < reopenedAt;
  if ((process.startsWith("reconciler") && !isOfBefore) || isCheckpoint || (isTransfer && state !== "FINALIZED"))
    throw new Violation(`${process} removed ${uploadId ?? key}, which the open job ${jobId} needs`);
}

export const isJob = (key: string): boolean => key.startsWith("JOB#");
const numberOf = (item: Item | undefined, name: string): number => {
  const value = item?.[name];
  return typeof value === "number" ? value : 0;
};

function isReachable(from: JobState, to: JobState): boolean {
  return from === to || JOB_STATES.some((next) => mayFollow(from, next) && isReachable(next, to));
}

/** By its own clock at least, nobody takes a job before its time. */
function checkIsDue(process: string, before: Item | undefined, time: string, nowMs: number): void {
  if (before && numberOf(before, time) > nowMs)
    throw new Violation(
      `${process} took ${JSON.stringify(before["pk"])} ${numberOf(before, time) - nowMs} ms before its time`,
    );
}

/** What an operation achieved may be forgotten under the lease, where it turned out to be gone; it is never abandoned. */
function checkNothingUndone(process: string, { key, set = {} }: Write, before: Item | undefined): void {
  for (const [name, value] of Object.entries(set)) {
    if (statusOf(value) === "ABANDONED" && statusOf(before?.[name]) === "DONE")
      throw new Violation(`${process} undid ${name} of ${key}`);
  }
}

const statusOf = (operation: Value | undefined): Value | undefined =>
  typeof operation === "object" ? (operation as Item | null)?.["status"] : undefined;

/** With the budget spent, a job may only be failed: by the first who gets that far. */
const isWorkOn = ({ set = {} }: Write): boolean =>
  Object.keys(set).some((name) => name.startsWith("op_") || name === "checkpoint");

/** A failed job is opened again with nothing spent and nothing left over; what was published stays so. */
function checkReopened(key: string, before: Item, after: Item): void {
  const wasPublished = statusOf(before["op_finalize"]) === "DONE";
  const to = wasPublished ? "FINALIZED" : "LEASED";
  if (after["state"] !== to) throw new Violation(`${key} was reopened as ${JSON.stringify(after["state"])}, not ${to}`);
  const spent = numberOf(after, "strikes") + numberOf(after, "hops");
  if (spent > 0) throw new Violation(`${key} was reopened with ${spent} strikes and hops`);
  const left = Object.keys(after).filter((name) => name === "reason" || name === "checkpoint" || isOperation(name));
  if (!wasPublished && left.length > 0) throw new Violation(`${key} was reopened and kept ${left.join(", ")}`);
  if (wasPublished && statusOf(after["op_finalize"]) !== "DONE")
    throw new Violation(`${key} forgot that it is published`);
}

const isOperation = (attribute: string): boolean => attribute.startsWith("op_");

/** What must hold whenever an item of the table changes, whoever changes it. */
export class TableWatch {
  /** Per process and job, the fence it was given, or saw. */
  readonly #given = new Map<string, number>();
  /** Processes, jobs and every fence under which the one leased the other. */
  readonly #leases = new Set<string>();
  /** Per job, the fence of its last reopening. */
  readonly #reopenedAt = new Map<string, number>();
  /** Processes and jobs. */
  readonly #reopened = new Set<string>();
  readonly #maxAttempts: number;

  constructor(maxAttempts: number) {
    this.#maxAttempts = maxAttempts;
  }

  applied(process: string, write: Write, before: Item | undefined, after: Item): void {
    if (write.key.startsWith("HASH#")) {
      if (before) throw new Violation(`${process} changed the index entry ${write.key}`);
      return;
    }
    if (isJob(write.key)) this.#jobWritten(process, write, before, after);
  }

  /** How often a failed job was opened again. */
  get reopenings(): number {
    return this.#reopened.size;
  }

  reopenedAt(key: string): number {
    return this.#reopenedAt.get(key) ?? 0;
  }

  /** What an attempt stages bears its own fence, so that no two attempts write to one object. */
  staged(process: string, key: string): void {
    if (isOfPlainPath(key)) return;
    const fence = key.split("/").at(-1);
    if (!this.#leases.has(`${process} ${jobItemKey(jobIdOfStagingKey(key))} ${fence}`))
      throw new Violation(`${process} staged ${key} without ever having held that fence`);
  }

  /** An operator looked at failed jobs. */
  seen(process: string, items: readonly Item[]): void {
    for (const item of items) {
      const { jobId, fence } = decodeJob(item);
      this.#given.set(`${process} ${jobItemKey(jobId)}`, fence);
    }
  }

  /** Operators send messages of jobs that they have reopened. */
  sent(process: string, body: string): void {
    const message = jobMessage.parse(JSON.parse(body));
    if (!this.#reopened.has(`${process} ${jobItemKey(jobIdOf(message))}`))
      throw new Violation(`${process} sent ${body}, whose job it has not reopened`);
  }

  #reopenedBy(process: string, key: string, before: Item, after: Item): void {
    const holder = `${process} ${key}`;
    const [seen, fenceBefore, fence] = [this.#given.get(holder), numberOf(before, "fence"), numberOf(after, "fence")];
    if (!process.startsWith("operator")) throw new Violation(`${key} is FAILED and was written to by ${process}`);
    if (seen !== undefined && seen !== fenceBefore)
      throw new Violation(`${process} reopened ${key}, which it had seen fail under fence ${seen}, not ${fenceBefore}`);
    if (fence !== fenceBefore + 1) throw new Violation(`${process} reopened ${key} without a new fence`);
    checkReopened(key, before, after);
    this.#reopened.add(holder);
    this.#reopenedAt.set(key, fence);
  }

  #jobWritten(process: string, write: Write, before: Item | undefined, after: Item): void {
    const [fenceBefore, fence] = [numberOf(before, "fence"), numberOf(after, "fence")];
    if (fence < fenceBefore) throw new Violation(`${write.key}: the fence fell from ${fenceBefore} to ${fence}`);
    this.#checkWatched(write.key, after);
    if (before?.["state"] === "FAILED") return this.#reopenedBy(process, write.key, before, after);
    this.#checkStates(write.key, before, after);
    checkNothingUndone(process, write, before);

    const isLeaseTaken = typeof write.set?.["lease_owner"] === "string";
    const isTakenAway = !isLeaseTaken && fence > fenceBefore;
    const holder = `${process} ${write.key}`;
    if (isLeaseTaken) {
      if (fence === fenceBefore) throw new Violation(`${process} leased ${write.key} without a new fence`);
      checkIsDue(process, before, "available_at", numberOf(after, "available_at") - LEASE_TTL_MS);
      this.#given.set(holder, fence);
      this.#leases.add(`${holder} ${fence}`);
    } else if (isTakenAway) {
      checkIsDue(process, before, "watch_at", numberOf(after, "watch_at") - REQUEUE_GRACE_MS);
      if (before?.["lease_owner"] === undefined && before?.["available_at"] !== after["available_at"])
        throw new Violation(`${process} cut the wait of ${write.key} short`);
    } else if (this.#given.get(holder) !== fenceBefore) {
      throw new Violation(
        `${process} wrote to ${write.key} under fence ${this.#given.get(holder)}, it is ${fenceBefore}`,
      );
    } else if (numberOf(before, "strikes") > this.#maxAttempts && isWorkOn(write)) {
      throw new Violation(`${process} worked on ${write.key} after its last attempt`);
    }
  }

  #checkStates(key: string, before: Item | undefined, after: Item): void {
    const from = before ? before["state"] : "PLANNED";
    const to = after["state"];
    if (!isJobState(from) || !isJobState(to)) throw new Violation(`${key}: no state`);
    if (before && isTerminal(from)) throw new Violation(`${key} is ${from} and was written to`);
    if (!isReachable(from, to)) throw new Violation(`${key} went from ${from} to ${to}`);
  }

  /** Open jobs are watched and stay; finished ones are neither watched nor kept for ever. */
  #checkWatched(key: string, after: Item): void {
    const to = after["state"];
    if (!isJobState(to)) throw new Violation(`${key}: no state`);
    const isWatched = after["watch_shard"] !== undefined && after["watch_at"] !== undefined;
    if (isWatched === isTerminal(to)) throw new Violation(`${key} is ${to} and ${isWatched ? "still" : "not"} watched`);
    const isKept = after["expires_at"] === undefined;
    if (isKept === isTerminal(to)) throw new Violation(`${key} is ${to} and ${isKept ? "never" : "still"} expires`);
    const isHeld = after["lease_owner"] !== undefined;
    const isUnderLease = isWatched && after["available_at"] === after["watch_at"];
    if (isHeld !== isUnderLease) throw new Violation(`${key} is ${isHeld ? "held without" : "free under"} a lease`);
  }
}

/** A published object is named by its hash, whole, and of one version that the origin had. */
export function checkContent(
  objects: ReadonlyMap<string, { readonly body: Buffer }>,
  writes: ReadonlyMap<string, number>,
  versions: readonly Buffer[],
): void {
  for (const [key, { body }] of objects) {
    if (key !== contentKey(hash("sha256", body))) throw new Violation(`${key} holds other bytes`);
    if (!versions.some((version) => version.equals(body)))
      throw new Violation(`${key} is nothing that was ever served`);
    if (writes.get(key) !== 1) throw new Violation(`${key} was written ${writes.get(key)} times`);
  }
}

/** Each content object that a job of record published has one index entry, put by the one job that is INDEXED by it. */
export function checkIndex(items: ReadonlyMap<string, Item>, contentKeys: ReadonlySet<string>): void {
  const indexed = new Map<string, string>();
  for (const [key, item] of items) {
    if (!isJob(key)) continue;
    const { jobId, state, transfer } = decodeJob(item);
    if (state !== "INDEXED" || !transfer) continue;
    if (indexed.has(transfer.sha256)) throw new Violation(`two jobs are INDEXED by ${transfer.sha256}`);
    indexed.set(transfer.sha256, jobId);
  }
  for (const [key, item] of items) {
    if (!key.startsWith("HASH#")) continue;
    const sha256 = key.slice("HASH#".length);
    if (!contentKeys.has(contentKey(sha256))) throw new Violation(`${key} is of content that is not there`);
    if (item["job_id"] !== indexed.get(sha256)) throw new Violation(`${key} is not of the job that is INDEXED`);
  }
}

export const isStored = ({ state }: Item): boolean => state === "INDEXED" || state === "DEDUPED";

/** What is announced is so: the job has ended like that, and its content is there. Told again, it is told the same. */
export function checkAnnouncement(
  announcement: Announcement,
  before: Announcement | undefined,
  item: Item | undefined,
  objects: ReadonlyMap<string, { readonly body: Buffer; readonly contentType: string }>,
): void {
  const { bucket, bytes, finished_at: finishedAt, id, key, sha256, state } = announcement;
  const wrong = (what: string): Violation => new Violation(`${id} was announced ${what}`);
  if (!item || !isStored(item)) throw wrong(`while it is ${JSON.stringify(item?.["state"])}`);
  const { operations, transfer, url, workId, artifactId } = decodeJob(item);
  const isOfRecord = [state === item["state"], announcement.url === url, announcement.work_id === workId];
  if (isOfRecord.includes(false) || announcement.artifact_id !== artifactId) throw wrong("as another than it is");
  if (sha256 !== transfer?.sha256 || key !== contentKey(sha256)) throw wrong("with another content than it has");
  if (bucket !== CONTENT_BUCKET || objects.get(key)?.body.length !== bytes)
    throw wrong("with content that is not there");
  if (Date.parse(finishedAt) !== (operations.INDEX ?? operations.DEDUPE)?.atMs) throw wrong("at another time");
  if (before && JSON.stringify(before) !== JSON.stringify(announcement)) throw wrong("in two versions");
}
