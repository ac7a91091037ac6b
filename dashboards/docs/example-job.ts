import type { OperationType } from "../../core/model/operations.ts";
import type { JobState } from "../../core/model/states.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import type { TimedEvent } from "../../core/telemetry/packed-job.ts";

export const STARTED_MS = Date.parse("2027-01-15T08:00:00.000Z");
const JOB_ID = "b4ca8cf54ab6a0d0e5c7e4e0a1f7d2c3";

const at = (atMs: number, ...events: TelemetryEvent[]): TimedEvent[] =>
  events.map((event) => ({ atMs: STARTED_MS + atMs, event }));
const keyOf = (type: OperationType): string => type.padEnd(32, "0123456789abcdef").toLowerCase();

/** The events of a small job without trouble, as a worker emits them: most of them when its last write is done. */
export function usualJob(job_id: string = JOB_ID): readonly TimedEvent[] {
  const owner = "9c1f6a52-3f0e-4b7e-8a35-5d1d2a2f6c11";
  const to = (from_state: JobState, to_state: JobState, since_planned_ms: number): TelemetryEvent => ({
    event: "job_state_changed",
    job_id,
    from_state,
    to_state,
    since_planned_ms,
  });
  const started = (op_type: OperationType): TelemetryEvent => ({
    event: "operation_started",
    job_id,
    op_key: keyOf(op_type),
    op_type,
  });
  const completed = (op_type: OperationType, elapsed_ms: number): TelemetryEvent => ({
    event: "operation_completed",
    job_id,
    op_key: keyOf(op_type),
    op_type,
    result_code: "OK",
    elapsed_ms,
  });
  return [
    ...at(
      0,
      {
        event: "job_planned",
        work_id: "crawl-2026-11",
        artifact_id: "report-17",
        url: "https://example.com/reports/17.pdf",
        job_id,
        idempotency_key: `${job_id}907d1e5a6b8f4c3290e7d6a5b4c3f2e1`,
      },
      { event: "job_leased", job_id, owner, ttl_sec: 120, acquired_in_ms: 7 },
      to("PLANNED", "LEASED", 0),
      started("HEAD"),
    ),
    ...at(
      66,
      completed("HEAD", 38),
      to("LEASED", "HEAD_DONE", 45),
      to("HEAD_DONE", "RESUME_OK", 45),
      to("RESUME_OK", "STREAMING", 45),
      started("STREAM"),
      completed("STREAM", 15),
      started("FINALIZE"),
      completed("FINALIZE", 0),
      to("STREAMING", "FINALIZED", 61),
      started("INDEX"),
      completed("INDEX", 5),
      to("FINALIZED", "INDEXED", 66),
      { event: "lease_released", job_id, owner },
    ),
  ];
}
