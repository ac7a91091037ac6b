import { messageOf } from "../model/message.ts";
import type { Items, JobPages } from "../ports/items.ts";
import type { Queue } from "../ports/queue.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { CANCELLED, reopenedState, reopenJob } from "../model/recovery-protocol.ts";
import { decodeJob } from "../model/record-codec.ts";
import type { FailureClass, JobRecord } from "../model/record.ts";
import { eachPage } from "./each-page.ts";

export interface RedriveDeps {
  readonly clock: Clock;
  readonly random: Pick<Random, "uniqueId">;
  readonly items: Pick<Items, "write">;
  readonly failedJobs: JobPages;
  readonly queue: Pick<Queue, "send">;
  readonly telemetry: Telemetry;
  readonly settings: { readonly requeueGraceMs: number };
}

/** Which failed jobs to reopen. A field that is left out selects every job. */
export interface Selection {
  readonly failureClass?: FailureClass | undefined;
  /** A part of the job's reason. */
  readonly reason?: string | undefined;
  readonly failedBeforeMs?: number | undefined;
  readonly failedAfterMs?: number | undefined;
  /** Without it, jobs that somebody has cancelled stay so. */
  readonly alsoCancelled?: boolean | undefined;
}

/** An older version did not record when a job failed. The time at which it was planned is the best substitute. */
const failedAtMs = (job: JobRecord): number => job.failedAtMs ?? job.plannedAtMs;

export const selects = (selection: Selection, job: JobRecord): boolean =>
  job.state === "FAILED" &&
  (selection.alsoCancelled === true || job.reason !== CANCELLED.reason) &&
  (selection.failureClass === undefined || job.failureClass === selection.failureClass) &&
  (selection.reason === undefined || job.reason?.includes(selection.reason) === true) &&
  (selection.failedBeforeMs === undefined || failedAtMs(job) < selection.failedBeforeMs) &&
  (selection.failedAfterMs === undefined || failedAtMs(job) > selection.failedAfterMs);

export interface FailedRequest {
  readonly selection: Selection;
  /** How many jobs at most. */
  readonly limit: number;
  readonly isDryRun: boolean;
  /** `changed`: somebody else has reopened the job, or its record is gone. */
  readonly onJob: (job: JobRecord, outcome: "reopened" | "changed" | "selected") => void;
}

export interface FailedReport {
  readonly scanned: number;
  readonly readUnits: number;
  /** Whether the table was scanned to its end. */
  readonly isComplete: boolean;
}

/** Reopens the failed jobs that the selection matches. If it is stopped at any point, nothing is lost: run it again. */
export async function redriveFailed(deps: RedriveDeps, request: FailedRequest): Promise<FailedReport> {
  const { selection, limit, isDryRun, onJob } = request;
  let [left, scanned, readUnits] = [limit, 0, 0];
  for await (const page of eachPage(deps.failedJobs)) {
    scanned += page.scanned;
    readUnits += page.readUnits;
    for (const job of page.items.map(decodeJob).filter((each) => selects(selection, each))) {
      if (left === 0) return { scanned, readUnits, isComplete: false };
      left -= 1;
      onJob(job, isDryRun ? "selected" : await reopen(deps, job));
    }
  }
  return { scanned, readUnits, isComplete: true };
}

async function reopen(deps: RedriveDeps, job: JobRecord): Promise<"reopened" | "changed"> {
  const { clock, items, queue, random, settings, telemetry } = deps;
  const by = random.uniqueId();
  const { applied, item } = await items.write(reopenJob(job, by, clock.nowMs(), settings.requeueGraceMs));
  // If the refusing item names us, our own write was sent again after its answer was lost.
  if (!item || (!applied && item["redriven_by"] !== by)) return "changed";
  // A crash here loses nothing: the job is watched, and the reconciler sends a message after the grace.
  await queue.send([messageOf(job)]);
  telemetry.emit({
    event: "job_state_changed",
    job_id: job.jobId,
    from_state: "FAILED",
    to_state: reopenedState(job),
    since_planned_ms: Math.max(0, clock.nowMs() - job.plannedAtMs),
  });
  return "reopened";
}
