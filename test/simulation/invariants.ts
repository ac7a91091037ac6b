import { createHash } from "node:crypto";
import type { Item, Value, Write } from "../../core/items.ts";
import { contentKey, stagingKey } from "../../core/keys.ts";
import { PLAIN_PREFIX } from "../../core/plain.ts";
import { decodeJob } from "../../core/record-codec.ts";
import { isJobState, isTerminal, JOB_STATES, mayFollow, type JobState } from "../../core/states.ts";
import type { Boundary } from "./process.ts";
import { LEASE_TTL_MS, REQUEUE_GRACE_MS } from "./settings.ts";

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

export const isOfPlainPath = (key: string): boolean => key.split("/").at(-1)?.startsWith(PLAIN_PREFIX) === true;

/**
 * What the record of an unfinished job refers to, nobody removes; the reconciler removes nothing of such a job. What the
 * plain path left is another matter: no record refers to it, and the job may get its record (the gate was turned) between
 * the reconciler's look and its removal.
 */
export function checkRemoval(process: string, item: Item | undefined, key: string, uploadId: string | undefined): void {
  if (!item || isOfPlainPath(key)) return;
  const { jobId, state, checkpoint, transfer } = decodeJob(item);
  if (isTerminal(state)) return;
  const isCheckpoint = uploadId !== undefined && checkpoint?.uploadId === uploadId && !transfer;
  const isTransfer = uploadId === undefined && transfer !== undefined && key === stagingKey(jobId, transfer.stagedBy);
  if (process.startsWith("reconciler") || isCheckpoint || (isTransfer && state !== "FINALIZED"))
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

/** What must hold whenever an item of the table changes, whoever changes it. */
export class TableWatch {
  /** Per process and job, the fence it was given. */
  readonly #given = new Map<string, number>();
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

  #jobWritten(process: string, write: Write, before: Item | undefined, after: Item): void {
    const [fenceBefore, fence] = [numberOf(before, "fence"), numberOf(after, "fence")];
    if (fence < fenceBefore) throw new Violation(`${write.key}: the fence fell from ${fenceBefore} to ${fence}`);
    this.#checkStates(write.key, before, after);
    checkNothingUndone(process, write, before);

    const isLeaseTaken = typeof write.set?.["lease_owner"] === "string";
    const isTakenAway = !isLeaseTaken && fence > fenceBefore;
    const holder = `${process} ${write.key}`;
    if (isLeaseTaken) {
      if (fence === fenceBefore) throw new Violation(`${process} leased ${write.key} without a new fence`);
      checkIsDue(process, before, "available_at", numberOf(after, "available_at") - LEASE_TTL_MS);
      this.#given.set(holder, fence);
    } else if (isTakenAway) {
      checkIsDue(process, before, "watch_at", numberOf(after, "watch_at") - REQUEUE_GRACE_MS);
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
    const isWatched = after["watch_shard"] !== undefined && after["watch_at"] !== undefined;
    if (isWatched === isTerminal(to)) throw new Violation(`${key} is ${to} and ${isWatched ? "still" : "not"} watched`);
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
    if (key !== contentKey(createHash("sha256").update(body).digest("hex")))
      throw new Violation(`${key} holds other bytes`);
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
