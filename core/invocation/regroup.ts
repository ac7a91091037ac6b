import { parseMessage, trackedMessage, type OutgoingMessage } from "../model/message.ts";
import type { Delivery } from "../worker/deliver.ts";
import type { WorkerDeps } from "../worker/worker-deps.ts";

/**
 * Sends messages again, with their hosts as groups, if their producer named no group and they have waited in a backlog.
 * The queue then gives those of quiet hosts first. Whoever calls acknowledges them after that, not before.
 * @returns the deliveries that were sent again; none if the queue refuses, and then they are worked on as they are.
 */
export async function regroup(deps: WorkerDeps, deliveries: readonly Delivery[]): Promise<ReadonlySet<Delivery>> {
  const again = new Map(
    deliveries.flatMap((delivery) => {
      const message = regrouped(deps, delivery);
      return message ? [[delivery, message] as const] : [];
    }),
  );
  if (again.size === 0) return new Set();
  try {
    await deps.queue.send([...again.values()]);
    return new Set(again.keys());
  } catch (error) {
    // One that was accepted is there twice, and the second finds its job leased or finished.
    deps.telemetry.log("warn", "Messages could not be sent again with their groups. They are worked on.", {}, error);
    return new Set();
  }
}

function regrouped({ clock, settings }: WorkerDeps, delivery: Delivery): OutgoingMessage | undefined {
  const { body, group, receiveCount, sentAtMs } = delivery;
  const { regroupAfterMs } = settings;
  if (group !== undefined || receiveCount > 1 || regroupAfterMs === 0) return undefined;
  if (clock.nowMs() < sentAtMs + regroupAfterMs) return undefined;
  const message = parseMessage(body);
  // What is tracked is ours, and was sent with its group, though not every emulator tells it.
  if (typeof message === "string" || message.tracked === true) return undefined;
  return trackedMessage({ ...message, sent_at: sentAtMs });
}
