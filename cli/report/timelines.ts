import type { OperationType } from "../../core/model/operations.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import { unpackJob } from "../../core/telemetry/unpack-job.ts";
import type { JsonLine } from "../../local/shared/lines.ts";
import { describeReason } from "../shared/words.ts";
import { lineBatches, parseLine, timeOf, type LinesOfRun } from "./event-lines.ts";
import { formatSpan } from "./format.ts";

export interface Moment {
  readonly atMs: number;
  readonly what: string;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What happened to one job in this run. */
export interface Timeline {
  readonly moments: readonly Moment[];
  /** Further moments, neither the first nor the last ones. */
  readonly leftOut: number;
  /** When a worker held the job. */
  readonly work: readonly Span[];
}

const FIRST_KEPT = 50;
const LAST_KEPT = 30;
const JOB_ID = '"job_id":"';
const JOB_ID_DIGITS = 32;

const OPERATIONS: Readonly<Record<OperationType, string>> = {
  HEAD: "asking the origin about the file",
  STREAM: "downloading",
  FINALIZE: "moving the file to its place",
  INDEX: "recording its content",
  DEDUPE: "recording that its content was there already",
};

/**
 * Reads the events and log lines of some jobs. Memory grows with these jobs only.
 * @param seqByJob the jobs' rows, by their ids.
 * @returns the timelines by row.
 */
export async function timelinesOf(
  seqByJob: ReadonlyMap<string, number>,
  events: LinesOfRun,
  log: LinesOfRun,
): Promise<ReadonlyMap<number, Timeline>> {
  const jobs = new Map([...seqByJob].map(([jobId, seq]) => [jobId, { seq, timeline: new TimelineBuilder() }]));
  for (const lines of [events, log]) {
    for await (const batch of lineBatches(lines)) {
      for (const text of batch) {
        const at = text.indexOf(JOB_ID) + JOB_ID.length;
        const job = jobs.get(text.slice(at, at + JOB_ID_DIGITS));
        const line = job && parseLine(text);
        if (line) for (const each of unpackJob(line)) job.timeline.add(each);
      }
    }
  }
  return new Map([...jobs.values()].map(({ seq, timeline }) => [seq, timeline.build()]));
}

class TimelineBuilder {
  readonly #first: Moment[] = [];
  readonly #last: Moment[] = [];
  readonly #work: { owner: string; fromMs: number; toMs: number }[] = [];
  #leftOut = 0;

  add(line: JsonLine): void {
    const atMs = timeOf(line);
    const isEvent = typeof line["event"] === "string";
    const what = isEvent ? describeEvent(line as unknown as TelemetryEvent) : describeLog(line);
    if (Number.isNaN(atMs) || what === undefined) return;
    if (isEvent) this.#noteWork(line, atMs);
    const kept = this.#first.length < FIRST_KEPT ? this.#first : this.#last;
    kept.push({ atMs, what });
    if (this.#last.length <= LAST_KEPT) return;
    this.#last.shift();
    this.#leftOut += 1;
  }

  /** Processes write their lines in batches, and log lines come from another file: only times tell the order. */
  build(): Timeline {
    const moments = [...this.#first, ...this.#last].sort((a, b) => a.atMs - b.atMs);
    return { moments, leftOut: this.#leftOut, work: this.#work };
  }

  #noteWork({ event, owner }: JsonLine, atMs: number): void {
    if (event === "job_leased") this.#work.push({ owner: String(owner), fromMs: atMs, toMs: atMs });
    const span = owner === undefined ? this.#work.at(-1) : this.#work.findLast((each) => each.owner === owner);
    if (span) span.toMs = Math.max(span.toMs, atMs);
  }
}

function describeEvent(event: TelemetryEvent): string | undefined {
  switch (event.event) {
    case "job_planned":
      return "planned";
    case "job_leased":
      return `taken by worker ${event.owner.split("/", 1).join("")}`;
    case "job_state_changed":
      return event.to_state === "FAILED" && event.reason !== undefined
        ? `failed: ${describeReason(event.reason)}`
        : `${event.from_state} → ${event.to_state}`;
    case "lease_renewed":
      return "still at work";
    case "lease_released":
      return "let go by the worker";
    case "operation_started":
      return OPERATIONS[event.op_type];
    case "operation_completed":
      return `${OPERATIONS[event.op_type]}: done in ${formatSpan(event.elapsed_ms)}`;
    case "idempotency_replay":
      return `${OPERATIONS[event.op_type]}: done before, not done again`;
    case "delivery_failed":
      return `could not be worked on: ${describeReason(event.error_class)}`;
    case "crash_recovery_event":
    case "clock_off":
      return undefined;
  }
}

/** Only what events do not say: why an attempt failed, and errors. */
function describeLog({ message, reason, delay_ms, retry_after_ms, error }: JsonLine): string | undefined {
  if (typeof delay_ms === "number") {
    const asked = retry_after_ms === undefined ? "" : ", as the origin asked";
    return `attempt failed: ${describeReason(String(reason))}; next try after ${formatSpan(delay_ms)}${asked}`;
  }
  return typeof error === "string" ? `${String(message)} ${error}` : undefined;
}
