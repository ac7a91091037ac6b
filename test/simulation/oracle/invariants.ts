import { hash } from "node:crypto";
import type { Item, Value, Write } from "../../../core/model/write.ts";
import { contentKey, jobIdOf, jobIdOfStagingKey, jobItemKey, stagingKey } from "../../../core/model/keys.ts";
import { jobMessage } from "../../../core/model/message.ts";
import { UNGUARDED_PREFIX } from "../../../core/worker/unguarded.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import { isJobState, isTerminal, JOB_STATES, mayFollow, type JobState } from "../../../core/model/states.ts";
import { checkProgress } from "./progress.ts";
import { checkUnfenced, numberOf } from "./unfenced-writes.ts";
import { Violation } from "./violation.ts";
import { isPoison, isPoisonKey } from "../services/lasting.ts";
import type { Boundary } from "../services/process.ts";
import { LEASE_TTL_MS, ORPHAN_AGE_MS, REQUEUE_GRACE_MS } from "../services/settings.ts";

export { Violation };

const READS = new Set(["staging.head", "staging.listParts", "staging.litter", "content.head"]);

/** If all jobs of a delivery are finished, the worker sends no request to an origin and writes nothing to S3. */
export function checkDuplicate({ process, port, method }: Boundary): void {
  const isS3 = port === "staging" || port === "content";
  if (port === "http" || (isS3 && !READS.has(`${port}.${method}`)))
    throw new Violation(`${process} called ${port}.${method} although all jobs of its delivery are finished`);
}

export const isUnguardedKey = (key: string): boolean => key.split("/").at(-1)?.startsWith(UNGUARDED_PREFIX) === true;

interface Removal {
  readonly process: string;
  readonly key: string;
  readonly uploadId: string | undefined;
  /** The fence of the job's last reopening, or 0 if it was never reopened. */
  readonly reopenedAt: number;
  /** The age of what is removed, in ms, by the clock of the process. */
  readonly ageMs: number;
}

/**
 * No process removes what the record of an open job refers to, and the reconciler removes nothing of an open job. The
 * reconciler looks first and removes later, so it may remove two things of a job that became open in between: what the
 * unguarded path left (the gate changed, and the job got a record), and what was staged before the job was reopened.
 */
export function checkRemoval(item: Item | undefined, { process, key, uploadId, reopenedAt, ageMs }: Removal): void {
  if (!item && ageMs <= ORPHAN_AGE_MS && process.startsWith("reconciler"))
    throw new Violation(`${process} removed ${key}, which has no record, after ${ageMs} ms: its job may still begin`);
  if (!item || isUnguardedKey(key)) return;
  if (isPoison(jobIdOfStagingKey(key))) {
    // Whatever else is damaged: nothing that was staged for a terminal job is needed.
    if (isJobState(item["state"]) && isTerminal(item["state"])) return;
    throw new Violation(`${process} removed ${key} of a record that it cannot read`);
  }
  const { jobId, state, checkpoint, transfer } = decodeJob(item);
  if (isTerminal(state)) return;
  const isCheckpoint = uploadId !== undefined && checkpoint?.uploadId === uploadId && !transfer;
  const isTransfer = uploadId === undefined && transfer !== undefined && key === stagingKey(jobId, transfer.stagedBy);
  const isFromBefore = Number(key.split("/").at(-1)) < reopenedAt;
  if ((process.startsWith("reconciler") && !isFromBefore) || isCheckpoint || (isTransfer && state !== "FINALIZED"))
    throw new Violation(`${process} removed ${uploadId ?? key}, which the open job ${jobId} needs`);
}

export const isJob = (key: string): boolean => key.startsWith("JOB#");
function isReachable(from: JobState, to: JobState): boolean {
  return from === to || JOB_STATES.some((next) => mayFollow(from, next) && isReachable(next, to));
}

/** No process takes a job before its time, by the process's own clock. */
function checkIsDue(process: string, before: Item | undefined, time: string, nowMs: number): void {
  if (before && numberOf(before, time) > nowMs)
    throw new Violation(
      `${process} took ${JSON.stringify(before["pk"])} ${numberOf(before, time) - nowMs} ms before its time`,
    );
}

/** A DONE operation never becomes ABANDONED. The lease holder may forget a result that turned out to be gone. */
function checkNothingUndone(process: string, { key, set = {} }: Write, before: Item | undefined): void {
  for (const name in set) {
    if (statusOf(set[name]) === "ABANDONED" && statusOf(before?.[name]) === "DONE")
      throw new Violation(`${process} marked ${name} of ${key} as ABANDONED, but it was DONE`);
  }
}

export const statusOf = (operation: Value | undefined): Value | undefined =>
  typeof operation === "object" ? (operation as Item | null)?.["status"] : undefined;

/** Whether the write is progress on a job. A job whose budget is spent may only be failed. */
const isWorkOn = ({ set = {} }: Write): boolean =>
  Object.keys(set).some((name) => name.startsWith("op_") || name === "checkpoint");

/** A reopened job has a fresh budget and no leftovers. If it was published, it stays published. */
function checkReopened(key: string, before: Item, after: Item): void {
  const wasPublished = statusOf(before["op_finalize"]) === "DONE";
  const to = wasPublished ? "FINALIZED" : "LEASED";
  if (after["state"] !== to) throw new Violation(`${key} was reopened as ${JSON.stringify(after["state"])}, not ${to}`);
  const spent = numberOf(after, "strikes") + numberOf(after, "hops");
  if (spent > 0) throw new Violation(`${key} was reopened with ${spent} strikes and hops`);
  const left = Object.keys(after).filter((name) => name === "reason" || name === "checkpoint" || isOperation(name));
  if (!wasPublished && left.length > 0) throw new Violation(`${key} was reopened and kept ${left.join(", ")}`);
  if (wasPublished && statusOf(after["op_finalize"]) !== "DONE")
    throw new Violation(`${key} was reopened and forgot that it is published`);
}

const isOperation = (attribute: string): boolean => attribute.startsWith("op_");

/** The invariants of every change of an item in the table, whichever process makes it. */
export class TableWatch {
  /** By `process jobKey`: the fence that the process was given, or saw. */
  readonly #given = new Map<string, number>();
  /** `process jobKey fence` for every lease that was ever taken. */
  readonly #leases = new Set<string>();
  /** By job key: the fence of its last reopening. */
  readonly #reopenedAt = new Map<string, number>();
  /** `process jobKey` for every reopening. */
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
    if (isPoisonKey(write.key)) checkPutOff(process, write.key, before, after);
    else if (isJob(write.key)) this.#jobWritten(process, write, before, after);
  }

  /** How often failed jobs were reopened. */
  get reopenings(): number {
    return this.#reopened.size;
  }

  reopenedAt(key: string): number {
    return this.#reopenedAt.get(key) ?? 0;
  }

  /** The name of a staged object ends with the fence of its attempt, so that no two attempts write to one object. */
  staged(process: string, key: string): void {
    if (isUnguardedKey(key)) return;
    const fence = key.split("/").at(-1);
    if (!this.#leases.has(`${process} ${jobItemKey(jobIdOfStagingKey(key))} ${fence}`))
      throw new Violation(`${process} staged ${key}, but never held that fence`);
  }

  /** An operator has read these failed jobs. */
  seen(process: string, items: readonly Item[]): void {
    for (const item of items) {
      if (typeof item["pk"] === "string" && isPoisonKey(item["pk"])) continue;
      const { jobId, fence } = decodeJob(item);
      this.#given.set(`${process} ${jobItemKey(jobId)}`, fence);
    }
  }

  /** An operator sends only messages of jobs that it has reopened. */
  sent(process: string, body: string): void {
    const message = jobMessage.parse(JSON.parse(body));
    if (!this.#reopened.has(`${process} ${jobItemKey(jobIdOf(message))}`))
      throw new Violation(`${process} sent ${body}, but has not reopened its job`);
  }

  #reopenedBy(process: string, key: string, before: Item, after: Item): void {
    const holder = `${process} ${key}`;
    const [seen, fenceBefore, fence] = [this.#given.get(holder), numberOf(before, "fence"), numberOf(after, "fence")];
    if (!process.startsWith("operator")) throw new Violation(`${key} is FAILED and was written to by ${process}`);
    if (seen !== undefined && seen !== fenceBefore)
      throw new Violation(
        `${process} reopened ${key}: it saw the failure under fence ${seen}, but the fence is ${fenceBefore}`,
      );
    if (fence !== fenceBefore + 1) throw new Violation(`${process} reopened ${key} without a new fence`);
    checkReopened(key, before, after);
    this.#reopened.add(holder);
    this.#reopenedAt.set(key, fence);
  }

  #jobWritten(process: string, write: Write, before: Item | undefined, after: Item): void {
    const [fenceBefore, fence] = [numberOf(before, "fence"), numberOf(after, "fence")];
    if (fence < fenceBefore) throw new Violation(`${write.key}: the fence fell from ${fenceBefore} to ${fence}`);
    this.#checkWatched(write.key, after);
    if (before && checkUnfenced(process, write, before, after)) return;
    if (before?.["state"] === "FAILED") return this.#reopenedBy(process, write.key, before, after);
    this.#checkStates(write.key, before, after);
    checkProgress(process, write.key, before, after);
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
        throw new Violation(`${process} ended the wait of ${write.key} too early`);
    } else if (this.#given.get(holder) !== fenceBefore) {
      throw new Violation(
        `${process} wrote to ${write.key} under fence ${this.#given.get(holder)}, but the fence is ${fenceBefore}`,
      );
    } else if (numberOf(before, "strikes") > this.#maxAttempts && isWorkOn(write)) {
      throw new Violation(`${process} worked on ${write.key} although its budget is spent`);
    }
  }

  #checkStates(key: string, before: Item | undefined, after: Item): void {
    const from = before ? before["state"] : "PLANNED";
    const to = after["state"];
    if (!isJobState(from) || !isJobState(to)) throw new Violation(`${key}: no state`);
    if (before && isTerminal(from)) throw new Violation(`${key} was written to after it became ${from}`);
    if (!isReachable(from, to)) throw new Violation(`${key} went from ${from} to ${to}`);
  }

  /** An open job is watched, unless it is leased, and never expires. A finished job is not watched and expires. */
  #checkWatched(key: string, after: Item): void {
    const to = after["state"];
    if (!isJobState(to)) throw new Violation(`${key}: no state`);
    const isHeld = after["lease_owner"] !== undefined;
    const isWatched = after["watch_shard"] !== undefined && after["watch_at"] !== undefined;
    const isLeftToMessages = after["watch_shard"] !== undefined && (isHeld || numberOf(after, "available_at") > 0);
    if (isWatched === isTerminal(to) && !(isLeftToMessages && !isWatched))
      throw new Violation(`${key} is ${to}, but ${isWatched ? "still" : "not"} watched`);
    const isKept = after["expires_at"] === undefined;
    if (isKept === isTerminal(to)) throw new Violation(`${key} is ${to}, but ${isKept ? "never" : "still"} expires`);
    const isUnderLease = isWatched ? after["available_at"] === after["watch_at"] : isHeld && !isTerminal(to);
    if (isHeld !== isUnderLease)
      throw new Violation(`${key} ${isHeld ? "has an owner but no" : "has no owner but a"} lease`);
  }
}

/** A record that cannot be read is looked at again later, and does not fill its shard. */
function checkPutOff(process: string, key: string, before: Item | undefined, after: Item): void {
  if (before && numberOf(after, "watch_at") <= numberOf(before, "watch_at"))
    throw new Violation(`${process} did not put off ${key}, which nobody can read`);
}

/** A published object is named by its hash, was written once, and is exactly one version that the origin served. */
export function checkContent(
  objects: ReadonlyMap<string, { readonly body: Buffer }>,
  writes: ReadonlyMap<string, number>,
  versions: readonly Buffer[],
): void {
  for (const [key, { body }] of objects) {
    if (key !== contentKey(hash("sha256", body))) throw new Violation(`${key} holds bytes with another hash`);
    if (!versions.some((version) => version.equals(body)))
      throw new Violation(`${key} is no version that was ever served`);
    if (writes.get(key) !== 1) throw new Violation(`${key} was written ${writes.get(key)} times`);
  }
}

/**
 * Each INDEXED job has its own hash. Each index entry points at existing content and at the job INDEXED by it, unless
 * that job crashed after it had put the entry, and then found another body.
 */
export function checkIndex(items: ReadonlyMap<string, Item>, contentKeys: ReadonlySet<string>): void {
  const indexed = new Map<string, string>();
  for (const [key, item] of items) {
    if (!isJob(key)) continue;
    const { jobId, state, transfer } = decodeJob(item);
    if (state !== "INDEXED" || !transfer) continue;
    if (indexed.has(transfer.sha256)) throw new Violation(`two jobs are INDEXED under ${transfer.sha256}`);
    indexed.set(transfer.sha256, jobId);
  }
  for (const [key, item] of items) {
    if (!key.startsWith("HASH#")) continue;
    const sha256 = key.slice("HASH#".length);
    if (!contentKeys.has(contentKey(sha256))) throw new Violation(`${key} indexes content that does not exist`);
    const jobId = item["job_id"] as string;
    if (jobId !== indexed.get(sha256) && !hasCrashed(items.get(jobItemKey(jobId))))
      throw new Violation(`${key} does not name the job that is INDEXED under it`);
  }
}

const hasCrashed = (job: Item | undefined): boolean => numberOf(job, "fence") > 1;
