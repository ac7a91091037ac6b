/** A refreshed file is a generation: a job of its own, which looks at the one before it. */
import { contentKey, generationsItemKey, jobIdOf, jobItemKey } from "../model/keys.ts";
import { nameLatest } from "../model/index-protocol.ts";
import { decodeJob } from "../model/record-codec.ts";
import type { JobRecord, Transfer } from "../model/record.ts";
import type { WorkerDeps } from "./worker-deps.ts";

export interface Generation {
  readonly jobId: string;
  readonly transfer: Transfer;
}

/** The id of the job that is not refreshed: the first generation. */
const firstId = ({ artifactId, order, url, workId }: JobRecord): string =>
  jobIdOf({ work_id: workId, artifact_id: artifactId, url, identity: order?.identity });

/**
 * The newest generation before this one whose content is still there; undefined if there is none, or if the job is not
 * a refreshed one.
 */
export async function generationBefore(deps: WorkerDeps, record: JobRecord): Promise<Generation | undefined> {
  if (record.order?.refresh === undefined) return undefined;
  const latest = (await deps.items.read(generationsItemKey(firstId(record))))?.["latest"];
  const newest = typeof latest === "string" ? await jobOf(deps, latest) : undefined;
  const before = newest ?? (await jobOf(deps, firstId(record)));
  if (!before?.transfer) return undefined;
  const there = await deps.content.head(contentKey(before.transfer.sha256));
  return there?.bytes === before.transfer.bytes ? { jobId: before.jobId, transfer: before.transfer } : undefined;
}

async function jobOf({ items }: WorkerDeps, jobId: string): Promise<JobRecord | undefined> {
  const item = await items.read(jobItemKey(jobId));
  return item && decodeJob(item);
}

/** Before the job ends, so that a crash cannot leave it out. Its content is published by then. */
export async function becomeLatest({ clock, items, settings }: WorkerDeps, record: JobRecord): Promise<void> {
  if (record.order?.refresh === undefined) return;
  const generations = { firstId: firstId(record), latestId: record.jobId, plannedAtMs: record.plannedAtMs };
  await items.write(nameLatest(generations, clock.nowMs() + settings.recordRetentionMs));
}
