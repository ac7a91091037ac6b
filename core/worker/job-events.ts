import type { Operation } from "../model/operations.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Lease } from "../model/protocol.ts";
import {
  LATE_RECOVERY_MS,
  startedOperations,
  type FailureClass,
  type JobRecord,
  type OperationRecord,
} from "../model/record.ts";
import type { JobState } from "../model/states.ts";

export interface Failure {
  readonly reason: string;
  readonly failure_class: FailureClass;
  readonly host: string;
}

/** At least 0: the two times may come from different clocks, or from a clock that was set back in between. */
const duration = (ms: number): number => Math.max(0, ms);

/** The events of a job under lease. Each event is emitted in one place only. */
export class JobEvents {
  readonly #telemetry: Telemetry;
  readonly #lease: Lease;

  constructor(telemetry: Telemetry, lease: Lease) {
    this.#telemetry = telemetry;
    this.#lease = lease;
  }

  planned({ workId, artifactId, url, jobId }: JobRecord, jobKey: string): void {
    this.#telemetry.emit({
      event: "job_planned",
      work_id: workId,
      artifact_id: artifactId,
      url,
      job_id: jobId,
      idempotency_key: jobKey,
    });
  }

  leased(ttlMs: number, acquiredInMs: number): void {
    const { jobId, owner } = this.#lease;
    this.#telemetry.emit({
      event: "job_leased",
      job_id: jobId,
      owner,
      ttl_sec: ttlMs / 1000,
      acquired_in_ms: duration(acquiredInMs),
    });
  }

  /** If the lease before did not end: its holder is dead, and the queue has brought the job back. */
  takenOver(record: JobRecord, takenAtMs: number, ttlMs: number): void {
    const { heldSinceMs = takenAtMs } = record;
    if (heldSinceMs === takenAtMs) return;
    const expiredForMs = duration(takenAtMs - heldSinceMs - ttlMs);
    this.#telemetry.emit({
      event: "crash_recovery_event",
      job_id: this.#lease.jobId,
      recovered_leases: 1,
      abandoned_ops: startedOperations(record),
      recovered_late: expiredForMs > LATE_RECOVERY_MS ? 1 : 0,
      oldest_expired_ms: expiredForMs,
      unreadable_records: 0,
    });
  }

  renewed(ttlMs: number): void {
    const { jobId, owner } = this.#lease;
    this.#telemetry.emit({ event: "lease_renewed", job_id: jobId, owner, new_ttl_sec: ttlMs / 1000 });
  }

  notRenewed(error: unknown): void {
    this.#telemetry.log(
      "warn",
      "The lease was not renewed. The next heartbeat tries again, unless the lease is lost.",
      { job_id: this.#lease.jobId },
      error,
    );
  }

  released(): void {
    const { jobId, owner } = this.#lease;
    this.#telemetry.emit({ event: "lease_released", job_id: jobId, owner });
  }

  walked(from: JobState, steps: readonly JobState[], sincePlannedMs: number, failure?: Failure): void {
    let current = from;
    for (const step of steps) {
      this.#telemetry.emit({
        event: "job_state_changed",
        job_id: this.#lease.jobId,
        from_state: current,
        to_state: step,
        since_planned_ms: duration(sincePlannedMs),
        ...failure,
      });
      current = step;
    }
  }

  operationStarted({ type }: Operation, key: string): void {
    this.#telemetry.emit({ event: "operation_started", job_id: this.#lease.jobId, op_key: key, op_type: type });
  }

  operationCompleted({ type }: Operation, key: string, elapsedMs: number): void {
    this.#telemetry.emit({
      event: "operation_completed",
      job_id: this.#lease.jobId,
      op_key: key,
      op_type: type,
      result_code: "OK",
      elapsed_ms: duration(elapsedMs),
    });
  }

  replayed({ type }: Operation, { key, atMs }: OperationRecord): void {
    this.#telemetry.emit({
      event: "idempotency_replay",
      job_id: this.#lease.jobId,
      op_key: key,
      op_type: type,
      reused_from_time: new Date(atMs).toISOString(),
    });
  }
}
