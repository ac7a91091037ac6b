import { present } from "../model/present.ts";
import { jobIdOfKey, operationKeyOf } from "../model/keys.ts";
import { LeasedJob } from "./leased-job.ts";
import type { JobMessage } from "../model/message.ts";
import { takeLease } from "../model/protocol.ts";
import { decodeJob } from "../model/record-codec.ts";
import { isTerminal } from "../model/states.ts";
import type { WorkerDeps } from "./worker-deps.ts";

export type Acquisition =
  | { readonly kind: "leased"; readonly job: LeasedJob }
  | { readonly kind: "finished" }
  | { readonly kind: "busy" }
  | { readonly kind: "waiting"; readonly untilMs: number };

/** `onRenewed` is called after each renewal, so that the message can be kept hidden while the lease is held. */
export async function acquireLease(
  deps: WorkerDeps,
  message: JobMessage,
  jobKey: string,
  { onRenewed, receiveCount }: { readonly onRenewed: () => void; readonly receiveCount: number },
): Promise<Acquisition> {
  const { clock, items, random, settings } = deps;
  const jobId = jobIdOfKey(jobKey);
  const owner = random.uniqueId();
  const nowMs = clock.nowMs();
  const outcome = await items.write(
    takeLease({
      jobId,
      message,
      owner,
      nowMs,
      ttlMs: settings.leaseTtlMs,
      headKey: operationKeyOf("HEAD", jobId, { url: message.identity ?? message.url }),
      // A message that comes back, and one of ours, may hold an older signature than the record.
      renewsUrl: message.identity !== undefined && message.tracked !== true && receiveCount === 1,
    }),
  );
  const acquiredInMs = clock.nowMs() - nowMs;
  if (!outcome.item) return { kind: "busy" };
  const record = decodeJob(outcome.item);
  // If the refusing item names us as the owner, our own write was sent again after its answer was lost.
  if (outcome.applied || record.leaseOwner === owner) {
    return {
      kind: "leased",
      job: new LeasedJob(deps, { owner, record, onRenewed, jobKey, takenAtMs: nowMs, acquiredInMs }),
    };
  }
  if (isTerminal(record.state)) return { kind: "finished" };
  if (record.leaseOwner === undefined)
    return { kind: "waiting", untilMs: present(record.availableAtMs, "when a waiting job is available") };
  return { kind: "busy" };
}
