import { OPERATION_TYPES, type OperationType } from "../../core/model/operations.ts";
import { PACKED } from "../../core/telemetry/packed-job.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";

/** Logs Insights queries over the events in the functions' logs, as lines of their own and in packed lines. */
export interface SavedQuery {
  readonly id: string;
  readonly title: string;
  /** What to fill in before the query is run, if anything. */
  readonly hint?: string;
  readonly lines: readonly string[];
}

const usual = (name: TelemetryEvent["event"]): string => `filter event in ["${name}", "${PACKED}"]`;

/** How long an operation took: of its own line, and of a packed one. */
const msOf = (type: OperationType): string => `${type.toLowerCase()}_ms`;
const parseOperation = (type: OperationType): string =>
  `parse @message /"${type}"(?:,"result_code":"[^"]*","elapsed_ms")?:(?<${msOf(type)}>\\d+)/`;
const figuresOf = (type: OperationType): string =>
  `pct(${msOf(type)}, 50) as ${type}_p50, pct(${msOf(type)}, 95) as ${type}_p95, max(${msOf(type)}) as ${type}_max`;

export const QUERIES: readonly SavedQuery[] = [
  {
    id: "job-timeline",
    title: "Job timeline",
    hint: `Replace JOB_ID with the job's id. A ${PACKED} is a job without trouble: npm run events prints its events.`,
    lines: [
      "fields timestamp, event, from_state, to_state, op_type, result_code, reason, owner, elapsed_ms, events, message",
      'filter job_id = "JOB_ID"',
      "sort timestamp asc",
      "limit 1000",
    ],
  },
  {
    id: "slowest-jobs",
    title: "Slowest jobs",
    lines: [
      usual("job_state_changed"),
      'parse @message /"FINALIZED"(?:,"since_planned_ms")?:(?<finalized_ms>\\d+)/',
      "filter ispresent(finalized_ms)",
      "stats max(finalized_ms) / 1000 as seconds by job_id",
      "sort seconds desc",
      "limit 50",
    ],
  },
  {
    id: "slowest-operations",
    title: "Slowest operations",
    lines: [
      usual("operation_completed"),
      ...OPERATION_TYPES.map(parseOperation),
      `stats ${OPERATION_TYPES.map(figuresOf).join(", ")} by bin(1h)`,
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
      usual("job_leased"),
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
