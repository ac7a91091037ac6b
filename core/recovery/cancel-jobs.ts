import { DamagedRecordError } from "../model/errors.ts";
import { jobIdOf } from "../model/keys.ts";
import { hostOf, type JobMessage } from "../model/message.ts";
import { decodeJob } from "../model/record-codec.ts";
import type { JobRecord } from "../model/record.ts";
import { CANCELLED, cancelJob, cancelUnplanned, type Cancellation } from "../model/recovery-protocol.ts";
import { isTerminal, type JobState } from "../model/states.ts";
import type { Item, Write } from "../model/write.ts";
import type { Items } from "../ports/items.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface CancelDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Pick<Random, "uniqueId">;
  readonly items: Pick<Items, "write">;
  readonly telemetry: Pick<Telemetry, "emit">;
  readonly settings: { readonly recordRetentionMs: number };
}

/**
 * `ended`: the job had ended before. `selected`: it would be cancelled, if this were no dry run. `unreadable`: its
 * record is damaged, or of another release, and was left as it is.
 */
export type CancelOutcome = Ended | "selected" | "unreadable";
type Ended = "cancelled" | "ended";

/** A job is leased, recovered or reopened every few seconds at most. Each of these refuses the write once. */
const MOST_TRIES = 20;

/** Cancels a job by its record. One that cannot be read keeps no other job waiting. */
export async function cancelFound(deps: CancelDeps, item: Item, isDryRun: boolean): Promise<CancelOutcome> {
  try {
    const job = decodeJob(item);
    if (isTerminal(job.state)) return "ended";
    return isDryRun ? "selected" : await cancelSeen(deps, job);
  } catch (error) {
    if (error instanceof DamagedRecordError) return "unreadable";
    throw error;
  }
}

/** Cancels a job as it was seen. If it has been leased or recovered since, as it is now. Safe to repeat. */
export async function cancelSeen(deps: CancelDeps, seen: JobRecord): Promise<Ended> {
  let job = seen;
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    if (isTerminal(job.state)) return "ended";
    const before = job;
    const now = await attempt(deps, before, (cancellation) => cancelJob(before, cancellation));
    if (now === "cancelled") return now;
    // Only the record of a job that has ended may vanish.
    if (!now) return "ended";
    job = now;
  }
  throw new Error(
    `The job ${seen.jobId} changed hands ${MOST_TRIES} times while it was being cancelled. Cancel it again.`,
  );
}

/** Cancels a job by its message, whether it has begun or not. A job without a record is recorded as cancelled. */
export async function cancelMessage(deps: CancelDeps, message: JobMessage): Promise<Ended> {
  const jobId = jobIdOf(message);
  const unbegun = { jobId, state: "PLANNED", url: message.url, plannedAtMs: deps.clock.nowMs() } as const;
  const now = await attempt(deps, unbegun, (cancellation) => cancelUnplanned(jobId, message, cancellation));
  if (now === "cancelled") return now;
  return now ? cancelSeen(deps, now) : "ended";
}

/** @returns the record as it is, if it refuses the write; undefined if there is none any more. */
async function attempt(
  { clock, items, random, settings, telemetry }: CancelDeps,
  { jobId, plannedAtMs, state, url }: Pick<JobRecord, "jobId" | "plannedAtMs" | "url"> & { readonly state: JobState },
  write: (cancellation: Cancellation) => Write,
): Promise<"cancelled" | JobRecord | undefined> {
  const [by, nowMs] = [random.uniqueId(), clock.nowMs()];
  const { applied, item } = await items.write(write({ by, nowMs, retentionMs: settings.recordRetentionMs }));
  // If the refusing item names us, our own write was sent again after its answer was lost.
  if (!applied && item?.["cancelled_by"] !== by) return item && decodeJob(item);
  telemetry.emit({
    event: "job_state_changed",
    job_id: jobId,
    from_state: state,
    to_state: "FAILED",
    since_planned_ms: Math.max(0, nowMs - plannedAtMs),
    reason: CANCELLED.reason,
    failure_class: CANCELLED.failureClass,
    host: hostOf(url),
  });
  return "cancelled";
}
