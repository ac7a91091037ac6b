/** Logs Insights queries over the events in the functions' logs. */
export interface SavedQuery {
  readonly id: string;
  readonly title: string;
  /** What to fill in before the query is run, if anything. */
  readonly hint?: string;
  readonly lines: readonly string[];
}

export const QUERIES: readonly SavedQuery[] = [
  {
    id: "job-timeline",
    title: "Job timeline",
    hint: "Replace JOB_ID with the job's id.",
    lines: [
      "fields @timestamp, event, from_state, to_state, op_type, result_code, reason, owner, elapsed_ms",
      'filter job_id = "JOB_ID"',
      "sort @timestamp asc",
      "limit 1000",
    ],
  },
  {
    id: "slowest-jobs",
    title: "Slowest jobs",
    lines: [
      'filter event = "job_state_changed" and to_state = "FINALIZED"',
      "stats max(since_planned_ms) / 1000 as seconds by job_id",
      "sort seconds desc",
      "limit 50",
    ],
  },
  {
    id: "slowest-operations",
    title: "Slowest operations",
    lines: [
      'filter event = "operation_completed"',
      "stats count(*) as completed, pct(elapsed_ms, 50) as p50_ms, pct(elapsed_ms, 95) as p95_ms, max(elapsed_ms) as max_ms by op_type",
      "sort p95_ms desc",
    ],
  },
  {
    id: "replays",
    title: "Replays",
    lines: [
      'filter event = "idempotency_replay"',
      "stats count(*) as replays, latest(reused_from_time) as result_of by job_id, op_type",
      "sort replays desc",
      "limit 100",
    ],
  },
  {
    id: "recoveries",
    title: "Recoveries",
    lines: [
      'filter event = "crash_recovery_event" and (recovered_leases > 0 or abandoned_ops > 0 or lag_ms > 0)',
      "stats sum(recovered_leases) as leases, sum(recovered_late) as late, max(oldest_expired_ms) / 1000 as oldest_s, sum(abandoned_ops) as operations, max(lag_ms) / 1000 as lag_s by bin(5m)",
      "sort leases desc",
      "limit 300",
    ],
  },
  {
    id: "failures-by-class-and-host",
    title: "Failures by class and host",
    lines: [
      'filter event = "job_state_changed" and to_state = "FAILED"',
      "stats count(*) as failures, latest(reason) as last_reason by failure_class, host",
      "sort failures desc",
      "limit 100",
    ],
  },
  {
    id: "failures-by-reason",
    title: "Failures by reason",
    lines: [
      'filter event = "job_state_changed" and to_state = "FAILED"',
      "stats count(*) as failures, latest(job_id) as one_of_them by failure_class, reason",
      "sort failures desc",
      "limit 100",
    ],
  },
  {
    id: "slow-leases",
    title: "Slow leases",
    lines: [
      'filter event = "job_leased"',
      "stats count(*) as leases, pct(acquired_in_ms, 50) as p50_ms, pct(acquired_in_ms, 99) as p99_ms, max(acquired_in_ms) as max_ms by bin(5m)",
      "sort p99_ms desc",
      "limit 100",
    ],
  },
  {
    id: "complaints",
    title: "What the functions complain about",
    lines: [
      "fields @timestamp, level, message, @message",
      'filter level in ["warn", "error"] or @message like /Task timed out|Runtime exited|REPORT.*Status: error/',
      "sort @timestamp desc",
      "limit 200",
    ],
  },
];
