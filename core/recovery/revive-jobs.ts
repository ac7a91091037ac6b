import { DamagedRecordError } from "../model/errors.ts";
import { messageOf } from "../model/message.ts";
import { present } from "../model/present.ts";
import { decodeJob } from "../model/record-codec.ts";
import type { JobRecord } from "../model/record.ts";
import { dispatchJob, endWatch, isParked } from "../model/waiting.ts";
import { postponeWatch, recoverJob } from "../model/recovery-protocol.ts";
import type { Item } from "../model/write.ts";
import type { Items } from "../ports/items.ts";
import type { Queue } from "../ports/queue.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { dueJobs } from "./due.ts";
import type { Failures } from "./failures.ts";
import { inLanes } from "./in-lanes.ts";

export interface ReviverDeps {
  readonly clock: Clock;
  readonly random: Pick<Random, "uniqueId">;
  readonly items: Items;
  readonly queue: Queue;
  readonly telemetry: Telemetry;
  readonly settings: {
    readonly requeueGraceMs: number;
    readonly recoverLimit: number;
    /** Whether the message of a parked job is enough to bring it back. If not, the job stays watched. */
    readonly endsWatch?: boolean;
  };
}

interface Revived {
  readonly job: JobRecord;
  /** Time since the job's lease expired, or since its message should have come back plus the grace. */
  readonly overdueMs: number;
}

export interface Revival {
  readonly revived: readonly Revived[];
  /** Parked jobs whose message was sent. */
  readonly dispatched: number;
  /** Records that this release cannot read. */
  readonly unreadable: number;
  /** How long the oldest job has been due that is left due; 0 if none is left. */
  readonly lagMs: number;
}

/** Jobs that are recovered at a time. */
const LANES = 16;
/** No job is begun with after this time: Lambda ends the run after 55 s, and the run has yet to report and to sweep. */
const BEGINS_FOR_MS = 40_000;

/**
 * Recovers what is longest overdue first, whichever shard it is in, up to the limit: nothing starves. A record that
 * cannot be read, a call that fails or a shard that does not answer keeps none of the others waiting.
 */
export async function reviveJobs(deps: ReviverDeps, failures: Failures): Promise<Revival> {
  const { clock, items, settings } = deps;
  const startMs = clock.nowMs();
  // One more than may be recovered, so that it is seen if jobs are left.
  const due = (await dueJobs({ items, limit: settings.recoverLimit + 1 }, failures, startMs)).values();
  const revived: Revived[] = [];
  const leftSinceMs: number[] = [];
  let [dispatched, unreadable, underWay] = [0, 0, 0];
  const mayBegin = (): boolean =>
    revived.length + dispatched + underWay < settings.recoverLimit && clock.nowMs() < startMs + BEGINS_FOR_MS;
  await inLanes(LANES, async () => {
    while (mayBegin()) {
      const { value: entry } = due.next();
      if (!entry) return;
      underWay += 1;
      try {
        const outcome = await revive(deps, entry.key);
        if (outcome === "dispatched") dispatched += 1;
        else if (outcome) revived.push(outcome);
      } catch (error) {
        if (error instanceof DamagedRecordError) unreadable += 1;
        else {
          failures.add(`the job ${entry.key} could not be recovered`, error);
          leftSinceMs.push(entry.watchAtMs);
        }
      }
      underWay -= 1;
    }
  });
  const { value: next } = due.next();
  if (next) leftSinceMs.push(next.watchAtMs);
  const nowMs = clock.nowMs();
  return { revived, dispatched, unreadable, lagMs: nowMs - Math.min(nowMs, ...leftSinceMs) };
}

/** The index is only a hint: the record decides, and the write is refused if the record has changed since. */
async function revive(deps: ReviverDeps, key: string): Promise<Revived | "dispatched" | undefined> {
  const { clock, items, queue, random, settings } = deps;
  const item = await items.read(key);
  const watchAtMs = item?.["watch_at"];
  if (!item || typeof watchAtMs !== "number" || watchAtMs > clock.nowMs()) return undefined;
  const job = await readJob(deps, key, item, watchAtMs);
  if (isParked(item)) return dispatch(deps, job, watchAtMs);
  const nowMs = clock.nowMs();
  const by = random.uniqueId();
  const outcome = await items.write(recoverJob(job, watchAtMs, by, nowMs, settings.requeueGraceMs));
  if (!outcome.applied && outcome.item?.["recovered_by"] !== by) return undefined;
  // A crash here loses nothing: the job is watched again after the grace.
  await queue.send([messageOf(job)]);
  return { job, overdueMs: nowMs - watchAtMs };
}

/** Sends the message of a parked job, which the queue keeps back until the job's time. */
async function dispatch(deps: ReviverDeps, job: JobRecord, watchAtMs: number): Promise<"dispatched" | undefined> {
  const { clock, items, queue, random, settings } = deps;
  const availableAtMs = present(job.availableAtMs, "the time of a parked job");
  if (settings.endsWatch) {
    // A crash here leaves a message too many: the job is dispatched again.
    await queue.send([messageOf(job, availableAtMs - clock.nowMs(), availableAtMs)]);
    await items.write(endWatch(job.jobId, watchAtMs));
    return "dispatched";
  }
  const by = random.uniqueId();
  const graceMs = settings.requeueGraceMs;
  const { applied, item } = await items.write(dispatchJob({ jobId: job.jobId, watchAtMs, availableAtMs, by, graceMs }));
  if (!applied && item?.["recovered_by"] !== by) return undefined;
  // A crash here loses nothing: the job is watched again after its time and the grace.
  await queue.send([messageOf(job, availableAtMs - clock.nowMs())]);
  return "dispatched";
}

/** A record that cannot be read is looked at again after the grace, so that it does not fill its shard for ever. */
async function readJob(deps: ReviverDeps, key: string, item: Item, watchAtMs: number): Promise<JobRecord> {
  try {
    return decodeJob(item);
  } catch (error) {
    const { clock, items, settings, telemetry } = deps;
    telemetry.log("error", "A job's record cannot be read, so the job is not recovered.", {}, error);
    if (error instanceof DamagedRecordError)
      await items.write(postponeWatch(key, watchAtMs, clock.nowMs() + settings.requeueGraceMs));
    throw error;
  }
}
