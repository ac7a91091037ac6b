import { present } from "../model/present.ts";
import { jobIdOf, jobIdOfKey, operationKeyOf } from "../model/keys.ts";
import { LeasedJob } from "./leased-job.ts";
import type { JobMessage } from "../model/message.ts";
import { renewUrl, takeLease, type LeaseRequest } from "../model/protocol.ts";
import { isDispatched, isParked, unwatchedUntilMs } from "../model/waiting.ts";
import { decodeJob } from "../model/record-codec.ts";
import { CLOCK_TOLERANCE_MS, type JobRecord } from "../model/record.ts";
import { isTerminal, type JobState } from "../model/states.ts";
import type { Item, WriteResult } from "../model/write.ts";
import type { Items } from "../ports/items.ts";
import type { WorkerDeps } from "./worker-deps.ts";

export type Acquisition =
  | { readonly kind: "leased"; readonly job: LeasedJob }
  | { readonly kind: "finished" }
  /** Another worker holds it, until then at most if nobody watches the job. */
  | { readonly kind: "busy"; readonly unwatchedUntilMs: number | undefined }
  /** It waits, and its record alone brings it back. */
  | { readonly kind: "parked" }
  /** Until its time, or for the other lane. */
  | { readonly kind: "waiting"; readonly untilMs: number; readonly record: JobRecord };

interface AcquisitionTerms {
  readonly onRenewed: () => void;
  readonly sentAtMs: number;
  readonly isWatched: boolean;
}

/** `onRenewed` is called after each renewal, so that the message can be kept hidden while the lease is held. */
export async function acquireLease(
  deps: WorkerDeps,
  message: JobMessage,
  jobKey: string,
  { isWatched, onRenewed, sentAtMs }: AcquisitionTerms,
): Promise<Acquisition> {
  const { clock, items, random, settings, telemetry } = deps;
  const jobId = jobIdOfKey(jobKey);
  const owner = random.uniqueId();
  const nowMs = clock.nowMs();
  const request = {
    jobId,
    message,
    owner,
    nowMs,
    ttlMs: settings.leaseTtlMs,
    headKey: operationKeyOf("HEAD", jobId, { url: message.identity ?? message.url }),
    watchShards: settings.watchShards,
    sentAtMs,
    isShortLane: settings.shortLane !== undefined,
  };
  const outcome = await take(items, request, isWatched);
  const acquiredInMs = clock.nowMs() - nowMs;
  if (!outcome.item) return { kind: "busy", unwatchedUntilMs: undefined };
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
  if (isTerminal(record.state)) {
    const untilMs = nowMs + settings.leaseTtlMs;
    return !isWatched && mayVanish(outcome.item, untilMs)
      ? { kind: "busy", unwatchedUntilMs: untilMs }
      : { kind: "finished" };
  }
  if (isParked(outcome.item) && !isDispatched(message, outcome.item)) return { kind: "parked" };
  if (record.leaseOwner === undefined)
    return { kind: "waiting", untilMs: present(record.availableAtMs, "when a waiting job is available"), record };
  // No lease lasts longer than this, unless the clock of its holder or ours is off.
  const offByMs = (record.availableAtMs ?? 0) - clock.nowMs() - settings.leaseTtlMs;
  if (offByMs > CLOCK_TOLERANCE_MS)
    telemetry.emit({ event: "clock_off", component: "worker", against: "lease", off_by_ms: offByMs });
  return { kind: "busy", unwatchedUntilMs: unwatchedUntilMs(outcome.item) };
}

/**
 * Whether the table may have removed the record by then. A late copy of a write that took no lease would then take one,
 * unwatched and for nobody. So the message stays until that lease is over, and finds out.
 */
const mayVanish = ({ expires_at: expiresAtS }: Item, byMs: number): boolean =>
  typeof expiresAtS === "number" && expiresAtS * 1000 <= byMs;

/** Only a job that is new, or whose watch has ended, may be unwatched. */
async function take(items: Items, request: LeaseRequest, isWatched: boolean): Promise<WriteResult> {
  const outcome = await items.write(takeLease({ ...request, isWatched }));
  if (isWatched || outcome.applied || !outcome.item || isTerminal(outcome.item["state"] as JobState)) return outcome;
  return items.write(takeLease(request));
}

/** A message of ours holds the URL that was recorded when it was made, which may be an older one by now. */
async function isRenewed({ items }: WorkerDeps, message: JobMessage, item: Item, sentAtMs: number): Promise<boolean> {
  const recordedMs = item["url_sent_at"];
  const isOurs = message.tracked === true && message.sent_at === undefined;
  if (message.identity === undefined || isOurs || typeof recordedMs !== "number") return false;
  if (recordedMs >= sentAtMs || item["url"] === message.url) return false;
  return (await items.write(renewUrl(jobIdOf(message), message.url, sentAtMs))).applied;
}
