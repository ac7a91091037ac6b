import { untrackedMessage, trackedMessage, type JobMessage } from "../model/message.ts";
import type { OpenVisit } from "../flow/hosts.ts";
import { GIVEN_UP } from "../origin/host-visit.ts";
import type { Delivery } from "./deliver.ts";
import type { JobEnd } from "./process-job.ts";
import type { WorkerDeps } from "./worker-deps.ts";

type Arrival = { readonly kind: "in"; readonly visit: OpenVisit } | { readonly kind: "later"; readonly end: JobEnd };

/**
 * A place at the job's host, or at one of its mirrors', before anything is written of the job. A job without one comes
 * back, and costs nothing but messages. Its age counts from when it first had to wait: one that has waited long enough
 * for a host that is down goes on, and fails.
 */
export async function arriveAtHost(
  { clock, hosts, settings }: WorkerDeps,
  message: JobMessage,
  delivery: Delivery,
  isOnGuardedPath: boolean,
): Promise<Arrival> {
  const arrival = await hosts.arrive([message.url, ...(message.mirrors ?? [])]);
  if (arrival.kind === "in") return arrival;
  const nowMs = clock.nowMs();
  const waitingSinceMs = message.waiting_since ?? nowMs;
  if (arrival.why === "host_down" && nowMs - waitingSinceMs > settings.hostPatienceMs)
    return { kind: "in", visit: { ...GIVEN_UP, leave: () => undefined } };
  const delayMs = Math.max(0, arrival.atMs - nowMs);
  if (!isOnGuardedPath) return { kind: "later", end: waitUnguarded(message, delivery, delayMs) };
  const hasRecord = message.tracked === true && message.sent_at === undefined;
  const first = hasRecord ? {} : { sent_at: message.sent_at ?? delivery.sentAtMs };
  const waiting = { ...message, ...first, waiting_since: waitingSinceMs };
  return { kind: "later", end: { kind: "again", delayMs, message: trackedMessage(waiting) } };
}

/** The count of receives is that of attempts. A new message has none, so only one without attempts may be replaced. */
const waitUnguarded = (message: JobMessage, { receiveCount }: Delivery, delayMs: number): JobEnd =>
  receiveCount > 1 ? { kind: "return", delayMs } : { kind: "again", delayMs, message: untrackedMessage(message) };
