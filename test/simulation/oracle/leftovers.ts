import type { Item } from "../../../core/model/write.ts";
import { hashItemKey, jobIdOfStagingKey } from "../../../core/model/keys.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import { isJobState, isTerminal } from "../../../core/model/states.ts";
import type { SimulatedBlobs } from "../services/blobs.ts";
import { isPoison } from "../services/lasting.ts";
import { jobOf } from "./message-jobs.ts";
import { Violation } from "./invariants.ts";
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
  Object.values(decodeJob(item).operations).some(({ status }) => status === "STARTED");

/** What must be gone once all jobs are finished: staged objects, uploads, started operations and messages. */
export function leftovers(
  items: ReadonlyMap<string, Item>,
  blobs: SimulatedBlobs,
  queue: SimulatedQueue,
  isExcused: (jobId: string) => boolean,
): string[] {
  // What a record that nobody can read has staged must stay.
  const isLitter = (key: string): boolean => {
    const jobId = jobIdOfStagingKey(key);
    return !isPoison(jobId) && !isExcused(jobId);
  };
  return [
    ...[...blobs.stagedObjects.keys()].filter(isLitter),
    ...[...blobs.uploads].filter(([, { key }]) => isLitter(key)).map(([uploadId, { key }]) => `${key} ${uploadId}`),
    ...[...items].filter(([key, item]) => isInProgress(key, item)).map(([key]) => `${key} in progress`),
    ...[...queue.messages.values()]
      .filter(({ body }) => !isExcused(jobOf(body)?.id ?? ""))
      .map(({ body }) => `queued ${body}`),
  ];
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
