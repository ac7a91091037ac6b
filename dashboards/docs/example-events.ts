import type { TelemetryEvent } from "../../core/telemetry/events.ts";

const job_id = "b4ca8cf54ab6a0d0e5c7e4e0a1f7d2c3";
const owner = "9c1f6a52-3f0e-4b7e-8a35-5d1d2a2f6c11";
const op_key = "5f1c3a7d9be84c02d6a1f0e37b5c9284";
const stream = { job_id, op_key, op_type: "STREAM" } as const;

/** One example of each event, and of each outcome that is counted in its own way. */
export const EXAMPLE_EVENTS: readonly TelemetryEvent[] = [
  {
    event: "job_planned",
    work_id: "crawl-2026-11",
    artifact_id: "report-17",
    url: "https://example.com/reports/17.pdf",
    job_id,
    idempotency_key: "b4ca8cf54ab6a0d0e5c7e4e0a1f7d2c3907d1e5a6b8f4c3290e7d6a5b4c3f2e1",
  },
  { event: "job_leased", job_id, owner, ttl_sec: 120, acquired_in_ms: 7 },
  { event: "job_state_changed", job_id, from_state: "STREAMING", to_state: "FINALIZED", since_planned_ms: 1840 },
  {
    event: "job_state_changed",
    job_id,
    from_state: "HEAD_DONE",
    to_state: "FAILED",
    since_planned_ms: 95_200,
    reason: "retries_exhausted:http_503",
    failure_class: "origin",
    host: "example.com",
  },
  {
    event: "job_state_changed",
    job_id,
    from_state: "LEASED",
    to_state: "FAILED",
    since_planned_ms: 31,
    reason: "http_404",
    failure_class: "origin",
    host: "example.com",
  },
  { event: "lease_renewed", job_id, owner, new_ttl_sec: 120 },
  { event: "lease_released", job_id, owner },
  { event: "operation_started", ...stream },
  { event: "operation_completed", ...stream, result_code: "OK", elapsed_ms: 412 },
  {
    event: "crash_recovery_event",
    recovered_leases: 2,
    abandoned_ops: 1,
    recovered_late: 0,
    oldest_expired_ms: 41_000,
    unreadable_records: 0,
    lag_ms: 0,
  },
  { event: "idempotency_replay", ...stream, reused_from_time: "2026-11-24T10:15:30.000Z" },
  { event: "delivery_failed", component: "announcer", error_class: "InternalFailure" },
  { event: "delivery_failed", component: "worker", error_class: "unexpected:ThrottlingException", attempt: 1, job_id },
  { event: "clock_off", component: "worker", against: "service", off_by_ms: 240_000 },
];
