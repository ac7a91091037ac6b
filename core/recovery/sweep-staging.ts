import { jobIdOfStagingKey, jobItemKey } from "../model/keys.ts";
import { RECONCILER_KEY, saveSweepCursor } from "../model/recovery-protocol.ts";
import { isJobState, isTerminal } from "../model/states.ts";
import type { Item } from "../model/write.ts";
import type { Items } from "../ports/items.ts";
import type { Clock } from "../ports/runtime.ts";
import type { Staging, StagingLitter } from "../ports/staging.ts";
import type { Failures } from "./failures.ts";

export interface SweeperDeps {
  readonly clock: Clock;
  readonly items: Items;
  readonly staging: Staging;
  readonly settings: { readonly sweepLimit: number; readonly orphanAgeMs: number };
}

const keyOf = ({ key }: StagingLitter): string => jobItemKey(jobIdOfStagingKey(key));

/**
 * Removes what nobody needs from one page of staging, and remembers where the next sweep continues. What cannot be
 * removed is found again by the sweep that starts over.
 * @returns how much was removed.
 */
export async function sweepStaging(deps: SweeperDeps, failures: Failures): Promise<number> {
  const { items, settings, staging } = deps;
  const place = await items.read(RECONCILER_KEY);
  const page = await staging.litter(cursorOf(place), settings.sweepLimit);
  const records = await items.readMany([...new Set(page.found.map(keyOf))]);
  let removed = 0;
  for (const found of page.found) {
    if (!isLitter(deps, found, records.get(keyOf(found)))) continue;
    try {
      await remove(deps, found);
      removed += 1;
    } catch (error) {
      failures.add(`${found.key} could not be removed from staging`, error);
    }
  }
  if (cursorOf(place) !== page.next) {
    const fence = place?.["fence"];
    await items.write(saveSweepCursor(typeof fence === "number" ? fence : undefined, page.next));
  }
  return removed;
}

const cursorOf = (place: Item | undefined): string | undefined => {
  const cursor = place?.["cursor"];
  return typeof cursor === "string" && cursor !== "" ? cursor : undefined;
};

/**
 * Everything of a terminal job is litter; of a job without a record, anything older than the longest invocation; of an
 * open job, or of a record that this release cannot read, nothing.
 */
function isLitter({ clock, settings }: SweeperDeps, found: StagingLitter, item: Item | undefined): boolean {
  if (item) return isJobState(item["state"]) && isTerminal(item["state"]);
  return clock.nowMs() - found.createdMs > settings.orphanAgeMs;
}

async function remove({ staging }: SweeperDeps, { key, uploadId }: StagingLitter): Promise<void> {
  if (uploadId === undefined) await staging.delete(key);
  else await staging.abortUpload({ key, uploadId });
}
