import { DamagedRecordError } from "../model/errors.ts";
import { watchShards } from "../model/keys.ts";
import { decodeJob } from "../model/record-codec.ts";
import { recoverJob, recoverUncharged } from "../model/recovery-protocol.ts";
import type { ReviverDeps } from "./revive-jobs.ts";

type ReleaserDeps = Pick<ReviverDeps, "clock" | "random" | "items" | "telemetry"> & {
  readonly settings: Pick<ReviverDeps["settings"], "requeueGraceMs">;
};

export interface DeadHolders {
  /** Whether the owner of a lease is known to be dead. */
  readonly isDead: (owner: string) => boolean;
  /** Whether its death may be the fault of a job that it held. */
  readonly mayBeTheJobs: boolean;
}

const ALL = Number.MAX_SAFE_INTEGER;

/**
 * Takes away the leases of holders that are known to be dead, without waiting until they expire. Bringing back the
 * jobs' messages is up to the caller.
 * @returns how many leases were taken away.
 */
export async function releaseLeases(deps: ReleaserDeps, { isDead, mayBeTheJobs }: DeadHolders): Promise<number> {
  const recover = mayBeTheJobs ? recoverJob : recoverUncharged;
  let released = 0;
  for (const shard of watchShards()) {
    for (const { key, watchAtMs } of await deps.items.watched(shard, ALL, ALL)) {
      const item = await deps.items.read(key);
      const owner = item?.["lease_owner"];
      if (!item || typeof owner !== "string" || !isDead(owner)) continue;
      try {
        const { clock, items, random, settings } = deps;
        const write = recover(decodeJob(item), watchAtMs, random.uniqueId(), clock.nowMs(), settings.requeueGraceMs);
        if ((await items.write(write)).applied) released += 1;
      } catch (error) {
        if (!(error instanceof DamagedRecordError)) throw error;
        deps.telemetry.log("error", "A job's record cannot be read, so its lease is not released.", {}, error);
      }
    }
  }
  return released;
}
