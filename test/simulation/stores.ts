import { simulatedBlobs, type SimulatedBlobs } from "./services/blobs.ts";
import { simulatedItems, type SimulatedItems } from "./services/items.ts";
import { spoiledBlobs, spoiledItems } from "./services/lasting.ts";
import { withLaggingIndex } from "./services/lagging-index.ts";
import { SimulatedQueue } from "./services/queue.ts";
import { MAX_RECEIVES, VISIBILITY_MS } from "./services/settings.ts";
import type { SimulationOptions } from "./scenarios/scenario.ts";
import type { VirtualTime } from "./services/time.ts";

interface Stores {
  readonly items: SimulatedItems;
  readonly blobs: SimulatedBlobs;
  readonly queue: SimulatedQueue;
}

/** Table, buckets and queue, with the failures that stay. */
export function storesOf({ lagMs = 0, lasting, queue, scenario }: SimulationOptions, time: VirtualTime): Stores {
  const items = simulatedItems();
  const blobs = simulatedBlobs({
    nowMs: () => time.nowMs,
    every: () => () => undefined,
    after: () => () => undefined,
  });
  return {
    items: spoiledItems(lagMs > 0 ? withLaggingIndex(items, lagMs, time) : items, lasting, time),
    blobs: spoiledBlobs(blobs, lasting, time),
    queue: new SimulatedQueue(time, {
      visibilityMs: VISIBILITY_MS,
      maxReceives: queue?.maxReceives ?? MAX_RECEIVES,
      ages: queue?.ages,
      tellsGroups: scenario.tellsGroups,
    }),
  };
}
