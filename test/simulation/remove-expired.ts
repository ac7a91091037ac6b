import type { Accepted } from "./oracle/accepted.ts";
import type { Announcing } from "./oracle/announcing.ts";
import { isFinished } from "./oracle/leftovers.ts";
import type { SimulatedItems } from "./services/items.ts";
import { isPoisonKey } from "./services/lasting.ts";
import type { Trace } from "./services/trace.ts";

interface World {
  readonly items: SimulatedItems;
  readonly accepted: Accepted;
  readonly announcing: Announcing;
  readonly trace: Trace;
}

/** DynamoDB's TTL removes the records of finished jobs. */
export function removeExpired({ accepted, announcing, items, trace }: World): void {
  for (const [key, item] of items.all) {
    if (!key.startsWith("JOB#") || !isFinished(item) || isPoisonKey(key)) continue;
    // The stream is seconds behind, and a record's retention is days.
    if (!announcing.isTold(key, item)) continue;
    trace.line(`the record ${key} is removed`);
    items.expire(key);
    accepted.expire(key);
    announcing.forget(key);
  }
}
