import { jobIdOf } from "../model/keys.ts";
import { afterDispatch, untrackedMessage, trackedMessage, type JobMessage } from "../model/message.ts";
import { isDispatched, isParked, postponeJob, unwatchedUntilMs } from "../model/waiting.ts";
import type { OpenVisit } from "../flow/hosts.ts";
import { GIVEN_UP } from "../origin/host-visit.ts";
import type { JobEnd } from "./process-job.ts";
import type { WorkerDeps } from "./worker-deps.ts";

interface Delivered {
  readonly receiveCount: number;
  readonly sentAtMs: number;
}

type Arrival = { readonly kind: "in"; readonly visit: OpenVisit } | { readonly kind: "later"; readonly end: JobEnd };

/**
 * A place at the job's host, or at one of its mirrors', before anything is written of the job. A job without one comes
 * back: if it has no record yet, it costs nothing but messages. Its age counts from when it first had to wait: one
 * that has waited long enough for a host that is down goes on, and fails.
 */
export async function arriveAtHost(
  deps: WorkerDeps,
  message: JobMessage,
  delivery: Delivered,
  isOnGuardedPath: boolean,
): Promise<Arrival> {
  const { clock, hosts, settings } = deps;
  const arrival = await hosts.arrive([message.url, ...(message.mirrors ?? [])]);
  if (arrival.kind === "in") return arrival;
  const nowMs = clock.nowMs();
  const waitingSinceMs = message.waiting_since ?? nowMs;
  const patienceMs = arrival.why === "host_down" ? waitingSinceMs + settings.hostPatienceMs - nowMs : Infinity;
  if (patienceMs <= 0) return { kind: "in", visit: { ...GIVEN_UP, leave: () => undefined } };
  hosts.sentAway(arrival.host, arrival.why);
  const untilMs = Math.max(nowMs + 1, Math.min(arrival.atMs, nowMs + patienceMs));
  const waiting = { message, delivery, waitingSinceMs, nowMs, untilMs };
  if (!isOnGuardedPath) return { kind: "later", end: waitUnguarded(waiting) };
  const hasRecord = message.tracked === true && message.sent_at === undefined;
  return { kind: "later", end: hasRecord ? await waitRecorded(deps, waiting) : waitUnrecorded(waiting) };
}

interface Waiting {
  readonly message: JobMessage;
  readonly delivery: Delivered;
  readonly waitingSinceMs: number;
  readonly nowMs: number;
  readonly untilMs: number;
}

const waitUnrecorded = ({ delivery, message, nowMs, untilMs, waitingSinceMs }: Waiting): JobEnd => ({
  kind: "again",
  delayMs: untilMs - nowMs,
  message: trackedMessage({
    ...message,
    sent_at: message.sent_at ?? delivery.sentAtMs,
    waiting_since: waitingSinceMs,
  }),
});

/** The reconciler watches the record: it must know until when the job waits, or it would send further messages. */
async function waitRecorded(
  { items, settings }: WorkerDeps,
  { message, nowMs, untilMs, waitingSinceMs }: Waiting,
): Promise<JobEnd> {
  const jobId = jobIdOf(message);
  const graceMs = settings.requeueGraceMs;
  const { applied, item } = await items.write(postponeJob({ jobId, nowMs, untilMs, graceMs }));
  const recordedMs = item?.["available_at"];
  const isWaiting = item !== undefined && item["lease_owner"] === undefined && typeof recordedMs === "number";
  const isLeft = !isWaiting || (isParked(item) && !isDispatched(message, item));
  // If the holder dies, only a message brings the job back: and not before the host has a place.
  const isUnwatched = item !== undefined && unwatchedUntilMs(item) !== undefined;
  if (!applied && isLeft && !isUnwatched) return { kind: "done" };
  const delayMs = (applied || isUnwatched ? untilMs : Number(recordedMs)) - nowMs;
  const again = { ...(applied ? afterDispatch(message) : message), waiting_since: waitingSinceMs };
  return { kind: "again", delayMs, message: trackedMessage(again) };
}

/** The count of receives is that of attempts. A new message has none, so only one without attempts may be replaced. */
function waitUnguarded({ delivery, message, nowMs, untilMs }: Waiting): JobEnd {
  const delayMs = untilMs - nowMs;
  if (delivery.receiveCount > 1) return { kind: "return", delayMs };
  return { kind: "again", delayMs, message: untrackedMessage(message) };
}
