import type { FailureClass } from "./record.ts";
import type { JobState } from "./states.ts";
import type { OperationType } from "./operations.ts";

/** The nine telemetry events, in wire names. `timestamp` (ISO 8601, UTC) is added where the event is written. */
export type TelemetryEvent =
  | {
      readonly event: "job_planned";
      readonly work_id: string;
      readonly artifact_id: string;
      readonly url: string;
      readonly job_id: string;
      readonly idempotency_key: string;
    }
  | {
      readonly event: "job_leased";
      readonly job_id: string;
      readonly owner: string;
      readonly ttl_sec: number;
      /** What the conditional write took. */
      readonly acquired_in_ms: number;
    }
  | {
      readonly event: "job_state_changed";
      readonly job_id: string;
      readonly from_state: JobState;
      readonly to_state: JobState;
      readonly reason?: string;
      /** With FAILED. */
      readonly failure_class?: FailureClass;
      /** With FAILED: of the job's URL. */
      readonly host?: string;
      /** The job's age. */
      readonly since_planned_ms: number;
    }
  | { readonly event: "lease_renewed"; readonly job_id: string; readonly owner: string; readonly new_ttl_sec: number }
  | { readonly event: "lease_released"; readonly job_id: string; readonly owner: string }
  | {
      readonly event: "operation_started";
      readonly job_id: string;
      readonly op_key: string;
      readonly op_type: OperationType;
    }
  | {
      readonly event: "operation_completed";
      readonly job_id: string;
      readonly op_key: string;
      readonly op_type: OperationType;
      readonly result_code: string;
      readonly elapsed_ms: number;
    }
  | {
      readonly event: "crash_recovery_event";
      readonly recovered_leases: number;
      readonly abandoned_ops: number;
      /** Of the recovered leases, those that had been expired for longer than `THRESHOLDS.recoveryMs`. */
      readonly recovered_late: number;
      /** For how long the oldest of them had been expired; 0 for none. */
      readonly oldest_expired_ms: number;
    }
  | {
      readonly event: "idempotency_replay";
      readonly job_id: string;
      readonly op_key: string;
      readonly op_type: OperationType;
      /** ISO 8601: when the reused result was recorded. */
      readonly reused_from_time: string;
    };
