import { jobItemKey } from "../model/keys.ts";
import type { LeasedJob } from "./leased-job.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/**
 * Looks at the record of a job that we hold, again and again: somebody who cancels the job does not wait for our next
 * write. A look that fails is none: the next one comes, and every write is fenced all the same.
 * @returns what ends it.
 */
export function watchFence({ clock, items, settings }: WorkerDeps, job: LeasedJob): () => void {
  if (settings.looksEveryMs === 0) return () => undefined;
  const { fence, jobId } = job.lease;
  const look = async (): Promise<void> => {
    if (job.lost.aborted) return;
    const item = await items.read(jobItemKey(jobId)).catch(() => undefined);
    if (item && item["fence"] !== fence) job.giveUp();
  };
  return clock.every(settings.looksEveryMs, () => void look());
}
