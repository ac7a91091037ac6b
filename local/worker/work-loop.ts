import { setTimeout as sleep } from "node:timers/promises";
import type { LocalQueue, ReceivedMessage } from "../../adapters/local/queue.ts";
import { deliver } from "../../core/worker/deliver.ts";
import type { WorkerDeps } from "../../core/worker/worker-deps.ts";
import { HostLines } from "./host-lines.ts";
import { Slots, type Slot } from "../../core/invocation/slots.ts";

/** How often a message under way is hidden again, within the lease's time to live. */
const RENEWALS_PER_TTL = 3;
/** How long an idle worker waits before it looks for messages again. */
const IDLE_MS = 50;

export interface WorkLoop {
  readonly deps: WorkerDeps;
  readonly queue: LocalQueue;
  /** Deliveries at a time that make progress. A free slot takes the next message; nobody waits for a batch. */
  readonly slots: number;
  /** When it is aborted, no further message is taken, and those under way are given back. */
  readonly stopping: AbortSignal;
}

/** Settles once the loop has been stopped and all deliveries have ended. @throws when the queue cannot be read. */
export async function work({ deps, queue, slots: count, stopping }: WorkLoop): Promise<void> {
  const { clock } = deps;
  const { leaseTtlMs } = deps.settings;
  const slots = new Slots(clock, count);
  const lines = new HostLines(clock);
  const underWay = new Set<Promise<void>>();
  const handle = async (message: ReceivedMessage, slot: Slot): Promise<void> => {
    const { id, body, receiveCount, sentAtMs } = message;
    const receiptHandle = String(id);
    // A job without a lease has nothing else that keeps its message hidden.
    const stopHiding = clock.every(leaseTtlMs / RENEWALS_PER_TTL, () => {
      queue.hideFor(receiptHandle, leaseTtlMs).catch(() => undefined);
    });
    const delivery = { messageId: receiptHandle, body, receiptHandle, receiveCount, sentAtMs };
    const verdict = await deliver(slot.watch.watched(deps), delivery, stopping).finally(stopHiding);
    slot.end();
    if (verdict === "acknowledge") await queue.delete(message);
  };
  const begin = (message: ReceivedMessage, host: string): void => {
    const delivery = handle(message, slots.begin(host))
      // The message comes back when its visibility ends.
      .catch((error: unknown) => deps.telemetry.log("error", "A message could not be deleted.", {}, error))
      .finally(() => underWay.delete(delivery));
    underWay.add(delivery);
  };

  try {
    while (!stopping.aborted) {
      const { free } = slots;
      if (free === 0) {
        await slots.changed();
        continue;
      }
      const received = await queue.receive(free);
      await Promise.all(
        received.map(async (message) => {
          const host = hostIn(message.body);
          if (slots.admits(host)) begin(message, host);
          else await queue.postpone(message, lines.join(host));
        }),
      );
      if (received.length === 0) await sleep(IDLE_MS, undefined, { signal: stopping }).catch(() => undefined);
    }
  } finally {
    await Promise.all(underWay);
    await deps.hosts.settle();
  }
}

/** The host that is asked first. Empty if the message is not valid, which its delivery finds out. */
function hostIn(body: string): string {
  try {
    const { url } = JSON.parse(body) as { readonly url?: unknown };
    return URL.parse(String(url))?.host ?? "";
  } catch {
    return "";
  }
}
