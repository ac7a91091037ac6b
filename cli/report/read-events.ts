import type { OperationType } from "../../core/model/operations.ts";
import { isTerminal, type JobState } from "../../core/model/states.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import { unpackJob } from "../../core/telemetry/unpack-job.ts";
import type { JsonLine } from "../../local/shared/lines.ts";
import { lineBatches, parseLine, timeOf, type LinesOfRun } from "./event-lines.ts";
import type { JobTable, JobTimes } from "./job-table.ts";

/** Parsing costs most of the time, and only one line of four counts. */
const COUNTED =
  /^\{"event":"(?:job_leased|lease_released|idempotency_replay|job_packed)"|"to_state":"(?:INDEXED|DEDUPED|FAILED)"|"op_type":"STREAM"/;

interface UnderWay {
  readonly beganMs: number;
  owner: string;
  /** Undefined between two leases. */
  leasedMs: number | undefined;
  workedMs: number;
  downloadMs: number | null;
}

export interface EventCounts {
  /** Leases that nobody gave back: their workers died. */
  cutOffLeases: number;
  /** Results that were taken from the ledger instead of being produced again. */
  replays: number;
}

/** Adds to the table when jobs began, worked and ended in this run. Memory grows with the jobs under way only. */
export async function readEvents(table: JobTable, events: LinesOfRun): Promise<EventCounts> {
  const reader = new EventReader(table);
  for await (const batch of lineBatches(events)) for (const line of batch) reader.read(line);
  reader.end();
  return reader.counts;
}

/** Adds to the table which jobs had to wait for their next attempt, and why. */
export async function readPauses(table: JobTable, log: LinesOfRun): Promise<void> {
  for await (const batch of lineBatches(log)) for (const text of batch) addPause(table, text);
}

function addPause(table: JobTable, text: string): void {
  if (!text.includes('"delay_ms"')) return;
  const { job_id, reason, delay_ms, retry_after_ms } = parseLine(text) ?? {};
  if (typeof delay_ms !== "number" || typeof job_id !== "string" || typeof reason !== "string") return;
  const seq = table.seqOf(job_id);
  const wasAsked = typeof retry_after_ms === "number";
  if (seq !== undefined) table.addPause(seq, { reason, delayMs: delay_ms, wasAsked });
}

class EventReader {
  readonly counts: EventCounts = { cutOffLeases: 0, replays: 0 };
  readonly #table: JobTable;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(table: JobTable) {
    this.#table = table;
  }

  read(line: string): void {
    const parsed = COUNTED.test(line) ? parseLine(line) : undefined;
    for (const fields of parsed ? unpackJob(parsed) : []) this.#count(fields);
  }

  #count(fields: JsonLine): void {
    const event = fields as unknown as TelemetryEvent;
    const atMs = timeOf(fields);
    if (event.event === "job_leased") this.#leased(event.job_id, event.owner, atMs);
    else if (event.event === "lease_released") this.#released(event.job_id, event.owner, atMs);
    else if (event.event === "operation_completed") this.#completed(event.job_id, event.op_type, event.elapsed_ms);
    else if (event.event === "job_state_changed") this.#moved(event.job_id, event.to_state, atMs);
    else if (event.event === "idempotency_replay") this.counts.replays += 1;
  }

  /** What is still under way has not ended in this run. */
  end(): void {
    for (const [jobId, job] of this.#underWay) this.#put(jobId, { ...job, endedMs: null });
  }

  #leased(jobId: string, owner: string, atMs: number): void {
    this.counts.cutOffLeases += 1;
    const job = this.#underWay.get(jobId);
    if (job) Object.assign(job, { owner, leasedMs: atMs });
    else this.#underWay.set(jobId, { beganMs: atMs, owner, leasedMs: atMs, workedMs: 0, downloadMs: null });
  }

  /** Processes write their lines in batches, so this one may come after the next holder's. */
  #released(jobId: string, owner: string, atMs: number): void {
    this.counts.cutOffLeases -= 1;
    const job = this.#underWay.get(jobId);
    if (job?.owner === owner) stopWork(job, atMs);
  }

  #completed(jobId: string, type: OperationType, elapsedMs: number): void {
    const job = type === "STREAM" ? this.#underWay.get(jobId) : undefined;
    if (job) job.downloadMs = (job.downloadMs ?? 0) + elapsedMs;
  }

  #moved(jobId: string, to: JobState, atMs: number): void {
    const job = this.#underWay.get(jobId);
    if (!job || !isTerminal(to)) return;
    stopWork(job, atMs);
    this.#underWay.delete(jobId);
    this.#put(jobId, { ...job, endedMs: Math.max(atMs, job.beganMs) });
  }

  #put(jobId: string, times: JobTimes): void {
    const seq = this.#table.seqOf(jobId);
    if (seq !== undefined) this.#table.setTimes(seq, times);
  }
}

/** The machine's clock may have been set back meanwhile. */
function stopWork(job: UnderWay, atMs: number): void {
  if (job.leasedMs !== undefined) job.workedMs += Math.max(0, atMs - job.leasedMs);
  job.leasedMs = undefined;
}
