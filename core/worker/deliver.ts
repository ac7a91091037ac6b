import { asJobError } from "../model/errors.ts";
import { jobIdOf, jobIdOfKey, jobKeyOf } from "../model/keys.ts";
import { acquireLease } from "./acquire-lease.ts";
import { isGuarded } from "./choose-path.ts";
import { parseMessage, trackedMessage, type JobMessage } from "../model/message.ts";
import { processUnguarded } from "./unguarded.ts";
import { processJob, type JobEnd } from "./process-job.ts";
import type { Queue } from "../ports/queue.ts";
import type { WorkerDeps } from "./worker-deps.ts";

export interface Delivery {
  readonly messageId: string;
  readonly body: string;
  readonly receiptHandle: string;
  readonly receiveCount: number;
}

/** The answer to the queue: `acknowledge` deletes the message, `return` lets it come back. */
export type Verdict = "acknowledge" | "return";

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
    if (end.kind === "retry") return await comeBack(deps, delivery, end.delayMs);
    // A continuation needs a new message, because its count of receives starts at zero.
    if (end.kind === "continue") await deps.queue.send([trackedMessage(message)]);
    return "acknowledge";
  } catch (error) {
    const fields = { message_id: delivery.messageId, reason: asJobError(error).reason, ...jobOf(delivery.body) };
    deps.telemetry.log("error", "A message could not be processed. The queue delivers it again.", fields, error);
    return "return";
  }
}

async function work(
  deps: WorkerDeps,
  delivery: Delivery,
  message: JobMessage,
  outOfTime: AbortSignal,
): Promise<JobEnd> {
  const jobKey = jobKeyOf(message);
  const { receiveCount } = delivery;
  if (!(await isGuarded(deps, message, receiveCount, jobIdOfKey(jobKey)))) {
    return processUnguarded(deps, message, receiveCount, outOfTime);
  }

  const acquisition = await acquireLease(deps, message, jobKey, () =>
    keepHidden(deps.queue, delivery, deps.settings.leaseTtlMs),
  );
  switch (acquisition.kind) {
    case "leased":
      return processJob(deps, acquisition.job, outOfTime);
    case "waiting":
      return { kind: "retry", delayMs: acquisition.untilMs - deps.clock.nowMs() };
    // The reconciler watches the holder's lease: if the holder dies, it sends a new message.
    case "busy":
    case "finished":
      return { kind: "done" };
  }
}

/** The job that a message is for, if the message is valid. */
function jobOf(body: string): { readonly job_id?: string } {
  const message = parseMessage(body);
  return typeof message === "string" ? {} : { job_id: jobIdOf(message) };
}

/** A heartbeat. If it is lost, the message only comes back earlier and finds the job leased. */
function keepHidden(queue: Queue, { receiptHandle }: Delivery, delayMs: number): void {
  queue.hideFor(receiptHandle, delayMs).catch(() => undefined);
}

async function comeBack({ queue }: WorkerDeps, { receiptHandle }: Delivery, delayMs: number): Promise<Verdict> {
  await queue.hideFor(receiptHandle, Math.max(0, delayMs));
  return "return";
}

async function reject({ queue, telemetry }: WorkerDeps, { body }: Delivery, reason: string): Promise<Verdict> {
  await queue.sendToDeadLetters(body, reason);
  telemetry.log("error", "An invalid message went to the dead-letter queue. Fix its producer.", { reason });
  return "acknowledge";
}
