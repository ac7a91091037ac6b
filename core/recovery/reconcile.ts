import type { Item } from "../model/write.ts";
import { jobIdOfStagingKey, jobItemKey, watchShards } from "../model/keys.ts";
import { messageOf } from "../model/message.ts";
import type { Items } from "../ports/items.ts";
import type { Queue } from "../ports/queue.ts";
import type { Clock } from "../ports/runtime.ts";
import type { Staging, StagingLitter } from "../ports/staging.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { RECONCILER_KEY, recoverJob, saveSweepCursor } from "../model/recovery-protocol.ts";
import { decodeJob } from "../model/record-codec.ts";
import type { JobRecord } from "../model/record.ts";
import { THRESHOLDS } from "../telemetry/metrics.ts";
import { isTerminal } from "../model/states.ts";

export interface ReconcilerDeps {
  readonly clock: Clock;
  readonly items: Items;
  readonly queue: Queue;
  readonly staging: Staging;
  readonly telemetry: Telemetry;
  readonly settings: {
    readonly requeueGraceMs: number;
    readonly recoverLimit: number;
    readonly sweepLimit: number;
    readonly orphanAgeMs: number;
  };
}

export interface Reconciliation {
  readonly recoveredLeases: number;
  readonly requeuedJobs: number;
  readonly abandonedOperations: number;
  readonly removedLitter: number;
}

/** One run: a bounded amount of work. Safe to repeat and to run twice at once. */
export async function reconcile(deps: ReconcilerDeps): Promise<Reconciliation> {
  const revived = await reviveJobs(deps);
  const expiredForMs = revived.filter(({ job }) => job.leaseOwner !== undefined).map(({ overdueMs }) => overdueMs);
  const recoveredLeases = expiredForMs.length;
  const abandonedOperations = revived.reduce((sum, { job }) => sum + startedOperations(job), 0);
  // Emitted in every run, even with zeros: no event must mean that the reconciler is dead.
  deps.telemetry.emit({
    event: "crash_recovery_event",
    recovered_leases: recoveredLeases,
    abandoned_ops: abandonedOperations,
    recovered_late: expiredForMs.filter((ms) => ms > THRESHOLDS.recoveryMs).length,
    oldest_expired_ms: Math.max(0, ...expiredForMs),
  });
  const removedLitter = await sweepStaging(deps);
  return { recoveredLeases, requeuedJobs: revived.length, abandonedOperations, removedLitter };
}

const startedOperations = (job: JobRecord): number =>
  Object.values(job.operations).filter(({ status }) => status === "STARTED").length;

interface Revived {
  readonly job: JobRecord;
  /** Time since the job's lease expired, or since its message should have come back plus the grace. */
  readonly overdueMs: number;
}

async function reviveJobs(deps: ReconcilerDeps): Promise<readonly Revived[]> {
  const revived: Revived[] = [];
  for (const shard of shardsFrom(deps.clock.nowMs())) {
    const left = deps.settings.recoverLimit - revived.length;
    if (left <= 0) break;
    for (const key of await deps.items.watched(shard, deps.clock.nowMs(), left)) {
      const job = await revive(deps, key);
      if (job) revived.push(job);
    }
  }
  return revived;
}

/** Each run starts at another shard, so that a limit spent on the first shards does not starve the last ones. */
function shardsFrom(nowMs: number): readonly number[] {
  const shards = watchShards();
  const first = Math.floor(nowMs / 1000) % shards.length;
  return [...shards.slice(first), ...shards.slice(0, first)];
}

/** The index is only a hint: the record decides, and the write is refused if the record has changed since. */
async function revive(deps: ReconcilerDeps, key: string): Promise<Revived | undefined> {
  const { clock, items, queue, settings } = deps;
  const item = await items.read(key);
  const watchAtMs = item?.["watch_at"];
  if (!item || typeof watchAtMs !== "number" || watchAtMs > clock.nowMs()) return undefined;
  const job = decodeJob(item);
  const nowMs = clock.nowMs();
  const { applied } = await items.write(recoverJob(job, watchAtMs, nowMs, settings.requeueGraceMs));
  if (!applied) return undefined;
  // A crash here loses nothing: the job is watched again after the grace.
  await queue.send([messageOf(job)]);
  return { job, overdueMs: nowMs - watchAtMs };
}

async function sweepStaging(deps: ReconcilerDeps): Promise<number> {
  const { items, settings, staging } = deps;
  const place = await items.read(RECONCILER_KEY);
  const page = await staging.litter(cursorOf(place), settings.sweepLimit);
  const records = await items.readMany([...new Set(page.found.map(({ key }) => jobItemKey(jobIdOfStagingKey(key))))]);
  const litter = page.found.filter((found) =>
    isLitter(deps, found, records.get(jobItemKey(jobIdOfStagingKey(found.key)))),
  );
  for (const found of litter) await remove(deps, found);
  if (cursorOf(place) !== page.next) {
    const fence = place?.["fence"];
    await items.write(saveSweepCursor(typeof fence === "number" ? fence : undefined, page.next));
  }
  return litter.length;
}

const cursorOf = (place: Item | undefined): string | undefined => {
  const cursor = place?.["cursor"];
  return typeof cursor === "string" && cursor !== "" ? cursor : undefined;
};

/**
 * Everything of a terminal job is litter; of a job without a record, anything older than the longest invocation; of an
 * open job, nothing.
 */
function isLitter({ clock, settings }: ReconcilerDeps, found: StagingLitter, item: Item | undefined): boolean {
  if (item) return isTerminal(decodeJob(item).state);
  return clock.nowMs() - found.createdMs > settings.orphanAgeMs;
}

async function remove({ staging }: ReconcilerDeps, { key, uploadId }: StagingLitter): Promise<void> {
  if (uploadId === undefined) await staging.delete(key);
  else await staging.abortUpload({ key, uploadId });
}
