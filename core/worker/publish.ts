import { PermanentError, StagedObjectGoneError } from "../model/errors.ts";
import { contentKey, stagingKey } from "../model/keys.ts";
import { putIndexEntry } from "../model/index-protocol.ts";
import type { Published, Transfer } from "../model/record.ts";
import { contentFactsOf } from "../origin/content-facts.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/**
 * Copies the staged body to its content address, once for all jobs that have the same content. A small body is there
 * already.
 * @throws StagedObjectGoneError when neither the staged object nor the content exists; PermanentError (system) when the
 * existing content has another length; the signal's reason when it is aborted.
 */
export async function publishStaged(
  deps: WorkerDeps,
  jobId: string,
  transfer: Transfer,
  signal: AbortSignal,
): Promise<Published> {
  const { sha256, bytes, etag, placed, stagedBy } = transfer;
  if (placed) return placed;
  const key = contentKey(sha256);
  if (transfer.isUnchanged) return publishedBefore(deps, key, bytes);
  try {
    const staged = { key: stagingKey(jobId, stagedBy), etag, bytes, ...contentFactsOf(transfer) };
    const outcome = await deps.content.publish(staged, key, signal);
    if (outcome === "created") return outcome;
  } catch (error) {
    if (!(error instanceof StagedObjectGoneError)) throw error;
    if (!(await deps.content.head(key))) throw error;
  }
  const there = await deps.content.head(key);
  if (there?.bytes !== bytes) throw new PermanentError("content_size_mismatch", "system");
  return "exists";
}

/** @throws StagedObjectGoneError when the content of the generation before is gone: the body is fetched again. */
async function publishedBefore({ content }: WorkerDeps, key: string, bytes: number): Promise<Published> {
  if ((await content.head(key))?.bytes !== bytes) throw new StagedObjectGoneError();
  return "exists";
}

/** INDEXED for the job that put the index entry, now or before a crash; DEDUPED for all later jobs. */
export async function indexContent(
  deps: WorkerDeps,
  jobId: string,
  { sha256, bytes, contentType }: Transfer,
): Promise<"INDEXED" | "DEDUPED"> {
  const entry = { sha256, jobId, key: contentKey(sha256), bytes, contentType };
  const { applied, item } = await deps.items.write(putIndexEntry(entry, deps.clock.nowMs()));
  return applied || item?.["job_id"] === jobId ? "INDEXED" : "DEDUPED";
}
