import { setTimeout as sleep } from "node:timers/promises";
import type { LocalQueue, ReceivedMessage } from "../../adapters/local/queue.ts";
import { deliver, type Verdict } from "../../core/worker/deliver.ts";
import type { WorkerDeps } from "../../core/worker/worker-deps.ts";

/** How often a message under way is hidden again, within the lease's time to live. */
const RENEWALS_PER_TTL = 3;
/** How long an idle worker waits before it looks for messages again. */
const IDLE_MS = 50;

export interface WorkLoop {
  readonly deps: WorkerDeps;
  readonly queue: LocalQueue;
  /** Deliveries at a time. A free slot takes the next message; nobody waits for a batch. */
  readonly slots: number;
  /** When it is aborted, no further message is taken, and those under way are given back. */
  readonly stopping: AbortSignal;
}

/** Settles once the loop has been stopped and all deliveries have ended. @throws when the queue cannot be read. */
export async function work({ deps, queue, slots, stopping }: WorkLoop): Promise<void> {
  const { leaseTtlMs } = deps.settings;
  const underWay = new Set<Promise<void>>();
  const handle = async (message: ReceivedMessage): Promise<void> => {
    const { id, body, receiveCount, sentAtMs } = message;
    const receiptHandle = String(id);
    // A job without a lease has nothing else that keeps its message hidden.
    const stopHiding = deps.clock.every(leaseTtlMs / RENEWALS_PER_TTL, () => {
      queue.hideFor(receiptHandle, leaseTtlMs).catch(() => undefined);
    });
    const delivery = { messageId: receiptHandle, body, receiptHandle, receiveCount, sentAtMs };
    const verdict: Verdict = await deliver(deps, delivery, stopping).finally(stopHiding);
    if (verdict === "acknowledge") await queue.delete(message);
  };
  const begin = (message: ReceivedMessage): void => {
    const delivery = handle(message)
      // The message comes back when its visibility ends.
      .catch((error: unknown) => deps.telemetry.log("error", "A message could not be deleted.", {}, error))
      .finally(() => underWay.delete(delivery));
    underWay.add(delivery);
  };

  try {
    while (!stopping.aborted) {
      if (underWay.size === slots) await Promise.race(underWay);
      const received = await queue.receive(slots - underWay.size);
      for (const message of received) begin(message);
      if (received.length === 0) await sleep(IDLE_MS, undefined, { signal: stopping }).catch(() => undefined);
    }
  } finally {
    await Promise.all(underWay);
    await deps.hosts.settle();
  }
}
