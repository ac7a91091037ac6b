import { asJobError } from "../model/errors.ts";
import { jobIdOf, jobKeyOf } from "../model/keys.ts";
import { acquireLease } from "./acquire-lease.ts";
import { arriveAtHost } from "./arrive.ts";
import { isGuarded } from "./choose-path.ts";
import {
  afterDispatch,
  messageOf,
  parseMessage,
  trackedMessage,
  type JobMessage,
  type OutgoingMessage,
} from "../model/message.ts";
import { processUnguarded } from "./unguarded.ts";
import { leaveToHolder, processJob, type JobEnd } from "./process-job.ts";
import type { Queue, ReceivedMessage } from "../ports/queue.ts";
import type { WorkerDeps } from "./worker-deps.ts";

export type Delivery = ReceivedMessage;

/** The answer to the queue: `acknowledge` deletes the message, `return` lets it come back. */
export type Verdict = "acknowledge" | "return";

/**
 * How long a message stays hidden after a delivery that threw, for example because DynamoDB refused the lease: a random
 * 20 s, so that a burst does not come back as a burst, on top of 1 s that doubles with each receive up to 60 s. The
 * queue delivers a message 16 times. The 15 pauses between these deliveries last at least
 * 1 + 2 + 4 + 8 + 16 + 32 + 9 * 60 = 603 s, so an outage of ten minutes sends no message to the dead-letter queue.
 */
const PAUSE_BASE_MS = 1_000;
const PAUSE_CAP_MS = 60_000;
const PAUSE_JITTER_MS = 20_000;

const pauseMs = (receiveCount: number, fraction: number): number =>
  Math.min(PAUSE_CAP_MS, PAUSE_BASE_MS * 2 ** Math.max(0, receiveCount - 1)) + fraction * PAUSE_JITTER_MS;

/**
 * Handles one delivery of one message, from parsing to verdict. Never throws. A message is acknowledged only when its
 * job is terminal, when the job's record alone brings the job back, or when the message is in the dead-letter queue.
 */
export async function deliver(deps: WorkerDeps, delivery: Delivery, outOfTime: AbortSignal): Promise<Verdict> {
  try {
    if (outOfTime.aborted) return await comeBack(deps, delivery, 0);
    const message = parseMessage(delivery.body);
    if (typeof message === "string") return await reject(deps, delivery, message);
    const end = await work(deps, delivery, message, outOfTime);
    if (end.kind === "return") return await comeBack(deps, delivery, end.delayMs);
    if (end.kind === "again") await sendAgain(deps, end.message ?? trackedMessage(afterDispatch(message)), end.delayMs);
    return "acknowledge";
  } catch (error) {
    const { reason } = asJobError(error);
    const job = jobOf(delivery.body);
    const attempt = delivery.receiveCount;
    deps.telemetry.emit({ event: "delivery_failed", component: "worker", error_class: reason, attempt, ...job });
    const fields = { message_id: delivery.messageId, reason, ...job };
    deps.telemetry.log("error", "A message could not be processed. The queue delivers it again.", fields, error);
    await comeBackSoon(deps, delivery);
    return "return";
  }
}

async function work(
  deps: WorkerDeps,
  delivery: Delivery,
  message: JobMessage,
  outOfTime: AbortSignal,
): Promise<JobEnd> {
  const isOnGuardedPath = await isGuarded(deps, message, jobIdOf(message));
  const arrival = await arriveAtHost(deps, message, delivery, isOnGuardedPath);
  if (arrival.kind === "later") return arrival.end;
  const visiting = { ...deps, visit: arrival.visit };
  try {
    return await (isOnGuardedPath
      ? workGuarded(visiting, delivery, message, outOfTime)
      : processUnguarded(visiting, message, delivery.receiveCount, outOfTime));
  } finally {
    arrival.visit.leave();
  }
}

async function workGuarded(
  deps: WorkerDeps,
  delivery: Delivery,
  message: JobMessage,
  outOfTime: AbortSignal,
): Promise<JobEnd> {
  const onRenewed = (): void => keepHidden(deps.queue, delivery, deps.settings.leaseTtlMs);
  const sentAtMs = message.sent_at ?? delivery.sentAtMs;
  const isWatched = !queueBringsBack(deps, delivery, message);
  const acquisition = await acquireLease(deps, message, jobKeyOf(message), { isWatched, onRenewed, sentAtMs });
  switch (acquisition.kind) {
    case "leased":
      return processJob(deps, acquisition.job, outOfTime);
    case "waiting": {
      const { record, untilMs } = acquisition;
      const dispatchedForMs = untilMs === message.dispatched_for ? untilMs : undefined;
      return { kind: "again", delayMs: untilMs - deps.clock.nowMs(), message: messageOf(record, 0, dispatchedForMs) };
    }
    case "busy":
      return leaveToHolder(acquisition.unwatchedUntilMs, deps.clock.nowMs());
    // The reconciler watches the record. It sends a new message when the job's time has come.
    case "parked":
    case "finished":
      return { kind: "done" };
  }
}

/**
 * Whether the message alone is enough to bring the job back if we die: it is young, so that the queue keeps it, and
 * this is its first delivery, so that it is far from the dead-letter queue. Then nobody has to watch the lease.
 */
const queueBringsBack = ({ clock, settings }: WorkerDeps, delivery: Delivery, message: JobMessage): boolean => {
  const isWatched = message.tracked === true && message.sent_at === undefined && message.dispatched_for === undefined;
  return !isWatched && delivery.receiveCount === 1 && clock.nowMs() < delivery.sentAtMs + settings.unwatchedForMs;
};

/** The job that a message is for, if the message is valid. */
function jobOf(body: string): { readonly job_id?: string } {
  const message = parseMessage(body);
  return typeof message === "string" ? {} : { job_id: jobIdOf(message) };
}

/** A heartbeat. If it is lost, the message only comes back earlier and finds the job leased. */
function keepHidden(queue: Queue, { receiptHandle }: Delivery, delayMs: number): void {
  queue.hideFor(receiptHandle, delayMs).catch(() => undefined);
}

/**
 * Before the old message is acknowledged. If this crashes in between, there are two, and the one that finds the job
 * leased ends. A message that is delayed for less than the job waits finds it waiting, and is delayed again.
 */
async function sendAgain({ queue }: WorkerDeps, message: OutgoingMessage, delayMs: number): Promise<void> {
  await queue.send([{ ...message, ...(delayMs > 0 && { delayMs }) }]);
}

async function comeBack({ queue }: WorkerDeps, { receiptHandle }: Delivery, delayMs: number): Promise<Verdict> {
  await queue.hideFor(receiptHandle, delayMs);
  return "return";
}

/** Without this, the message would stay hidden for the rest of the queue's visibility timeout: up to 15 minutes. */
async function comeBackSoon({ queue, random }: WorkerDeps, delivery: Delivery): Promise<void> {
  const delayMs = pauseMs(delivery.receiveCount, random.fraction());
  // If the queue refuses this too, the visibility timeout brings the message back.
  await queue.hideFor(delivery.receiptHandle, delayMs).catch(() => undefined);
}

async function reject({ queue, telemetry }: WorkerDeps, { body }: Delivery, reason: string): Promise<Verdict> {
  await queue.sendToDeadLetters(body, reason);
  telemetry.log("error", "An invalid message went to the dead-letter queue. Fix its producer.", { reason });
  return "acknowledge";
}
