import type { Item } from "../../../core/model/write.ts";
import { hashItemKey, jobIdOfStagingKey } from "../../../core/model/keys.ts";
import { OPERATION_TYPES } from "../../../core/model/operations.ts";
import { decodeJob, operationAttribute } from "../../../core/model/record-codec.ts";
import { isJobState, isTerminal } from "../../../core/model/states.ts";
import type { SimulatedBlobs } from "../services/blobs.ts";
import { isPoison } from "../services/lasting.ts";
import { jobOf } from "./message-jobs.ts";
import { statusOf, Violation } from "./invariants.ts";
import type { SimulatedQueue } from "../services/queue.ts";

export const isFinished = (item: Item | undefined): boolean => {
  const state = item?.["state"];
  return isJobState(state) && isTerminal(state);
};

/** A finished job must have no started operation. A FAILED job may: its started operation is the one that failed. */
const isInProgress = (key: string, item: Item): boolean =>
  key.startsWith("JOB#") &&
  isFinished(item) &&
  item["state"] !== "FAILED" &&
  OPERATION_TYPES.some((type) => statusOf(item[operationAttribute(type)]) === "STARTED");

/** What must be gone once all jobs are finished: staged objects, uploads, started operations and messages. */
export function* leftovers(
  items: ReadonlyMap<string, Item>,
  blobs: SimulatedBlobs,
  queue: SimulatedQueue,
  isExcused: (jobId: string) => boolean,
): Generator<string> {
  // What a record that nobody can read has staged must stay.
  const isLitter = (key: string): boolean => {
    const jobId = jobIdOfStagingKey(key);
    return !isPoison(jobId) && !isExcused(jobId);
  };
  for (const key of blobs.stagedObjects.keys()) if (isLitter(key)) yield key;
  for (const [uploadId, { key }] of blobs.uploads) if (isLitter(key)) yield `${key} ${uploadId}`;
  for (const [key, item] of items) if (isInProgress(key, item)) yield `${key} in progress`;
  for (const { body } of queue.messages.values()) if (!isExcused(jobOf(body)?.id ?? "")) yield `queued ${body}`;
}

/** @throws Violation if the hash of a stored job is not indexed. */
export function checkIndexed(items: ReadonlyMap<string, Item>): void {
  for (const [key, item] of items) {
    if (item["state"] !== "INDEXED" && item["state"] !== "DEDUPED") continue;
    const { state, transfer } = decodeJob(item);
    if (!items.has(hashItemKey(transfer?.sha256 ?? "")))
      throw new Violation(`${key} is ${state}, but its hash is not indexed`);
  }
}
