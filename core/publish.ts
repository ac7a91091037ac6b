import { PermanentError, StagedObjectGoneError } from "./errors.ts";
import { contentKey, stagingKey } from "./keys.ts";
import type { Published } from "./ports.ts";
import { putIndexEntry } from "./protocol.ts";
import type { Transfer } from "./record.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Copies the staged body to its content address, once for all jobs that have the same content. */
export async function publishStaged(deps: WorkerDeps, jobId: string, transfer: Transfer): Promise<Published> {
  const { sha256, bytes, etag, contentType, stagedBy } = transfer;
  const key = contentKey(sha256);
  try {
    const outcome = await deps.content.publish({ key: stagingKey(jobId, stagedBy), etag, bytes, contentType }, key);
    if (outcome === "created") return outcome;
  } catch (error) {
    if (!(error instanceof StagedObjectGoneError)) throw error;
    if (!(await deps.content.head(key))) throw error;
  }
  const there = await deps.content.head(key);
  if (there?.bytes !== bytes) throw new PermanentError("content_size_mismatch", "system");
  return "exists";
}

/** INDEXED for whoever put the entry, now or before a crash; DEDUPED for everyone after. */
export async function indexContent(
  deps: WorkerDeps,
  jobId: string,
  { sha256, bytes, contentType }: Transfer,
): Promise<"INDEXED" | "DEDUPED"> {
  const entry = { sha256, jobId, key: contentKey(sha256), bytes, contentType };
  const { applied, item } = await deps.items.write(putIndexEntry(entry, deps.clock.nowMs()));
  return applied || item?.["job_id"] === jobId ? "INDEXED" : "DEDUPED";
}
