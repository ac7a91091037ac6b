import { present } from "../model/present.ts";
import { jobIdOf, jobIdOfKey, operationKeyOf } from "../model/keys.ts";
import { LeasedJob } from "./leased-job.ts";
import type { JobMessage } from "../model/message.ts";
import { renewUrl, takeLease } from "../model/protocol.ts";
import { isParked } from "../model/waiting.ts";
import { decodeJob } from "../model/record-codec.ts";
import type { JobRecord } from "../model/record.ts";
import { isTerminal } from "../model/states.ts";
import type { Item } from "../model/write.ts";
import type { WorkerDeps } from "./worker-deps.ts";

export type Acquisition =
  | { readonly kind: "leased"; readonly job: LeasedJob }
  | { readonly kind: "finished" }
  | { readonly kind: "busy" }
  /** It waits, and its record alone brings it back. */
  | { readonly kind: "parked" }
  /** Until its time, or for the other lane. */
  | { readonly kind: "waiting"; readonly untilMs: number; readonly record: JobRecord };

/** `onRenewed` is called after each renewal, so that the message can be kept hidden while the lease is held. */
export async function acquireLease(
  deps: WorkerDeps,
  message: JobMessage,
  jobKey: string,
  { onRenewed, sentAtMs }: { readonly onRenewed: () => void; readonly sentAtMs: number },
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
      watchShards: settings.watchShards,
      sentAtMs,
      isShortLane: settings.shortLane !== undefined,
    }),
  );
  const acquiredInMs = clock.nowMs() - nowMs;
  if (!outcome.item) return { kind: "busy" };
  const recorded = decodeJob(outcome.item);
  const record = (await isRenewed(deps, message, outcome.item, sentAtMs))
    ? { ...recorded, url: message.url }
    : recorded;
  // If the refusing item names us as the owner, our own write was sent again after its answer was lost.
  if (outcome.applied || record.leaseOwner === owner) {
    return {
      kind: "leased",
      job: new LeasedJob(deps, { owner, record, onRenewed, jobKey, takenAtMs: nowMs, acquiredInMs }),
    };
  }
  if (isTerminal(record.state)) return { kind: "finished" };
  if (isParked(outcome.item)) return { kind: "parked" };
  if (record.leaseOwner === undefined)
    return { kind: "waiting", untilMs: present(record.availableAtMs, "when a waiting job is available"), record };
  return { kind: "busy" };
}

/** A message of ours holds the URL that was recorded when it was made, which may be an older one by now. */
async function isRenewed({ items }: WorkerDeps, message: JobMessage, item: Item, sentAtMs: number): Promise<boolean> {
  const recordedMs = item["url_sent_at"];
  const isOurs = message.tracked === true && message.sent_at === undefined;
  if (message.identity === undefined || isOurs || typeof recordedMs !== "number") return false;
  if (recordedMs >= sentAtMs || item["url"] === message.url) return false;
  return (await items.write(renewUrl(jobIdOf(message), message.url, sentAtMs))).applied;
}
