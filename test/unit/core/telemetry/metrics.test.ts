import { describe, expect, it } from "vitest";
import type { TelemetryEvent } from "../../../../core/telemetry/events.ts";
import { METRICS, metricsOf, THRESHOLDS, type Measurements } from "../../../../core/telemetry/metrics.ts";
import { METRIC_MEANINGS } from "../../../../dashboards/docs/metric-meanings.ts";
import type { JobState } from "../../../../core/model/states.ts";
import { EXAMPLE_EVENTS } from "../../../../dashboards/docs/example-events.ts";

const job_id = "0".repeat(32);
const operation = { job_id, op_key: "0".repeat(64), op_type: "HEAD" } as const;

const leased = (acquired_in_ms: number): TelemetryEvent => ({
  event: "job_leased",
  job_id,
  owner: "me",
  ttl_sec: 1,
  acquired_in_ms,
});

const changed = (to_state: JobState, rest: object = {}): TelemetryEvent => ({
  event: "job_state_changed",
  job_id,
  from_state: "STREAMING",
  to_state,
  since_planned_ms: 10,
  ...rest,
});

const failed = (failure_class: "origin" | "policy" | "system", reason: string): TelemetryEvent =>
  changed("FAILED", { failure_class, reason, host: "origin.example" });

const finalized = (since_planned_ms: number, slowerThanMedian: number, slowerThanTail: number): Measurements => ({
  JobsCompleted: 1,
  JobsFailed: 0,
  TimeToComplete: since_planned_ms,
  JobsSlowerThanMedianGoal: slowerThanMedian,
  JobsSlowerThanTailGoal: slowerThanTail,
});

const VALID: Measurements = { JobsCompleted: 0, JobsFailed: 1 };
const REFUSED: Measurements = { JobsRefused: 1 };

describe("the metrics of an event", () => {
  it.each<[what: string, event: TelemetryEvent, measured: Measurements]>([
    ["a lease taken in 100 ms, the goal", leased(100), { LeasesTaken: 1, LeaseAcquisition: 100, LeasesSlow: 0 }],
    ["a lease taken in 101 ms, over the goal", leased(101), { LeasesTaken: 1, LeaseAcquisition: 101, LeasesSlow: 1 }],
    [
      "a job completed at the median goal of 30 s",
      changed("FINALIZED", { since_planned_ms: 30_000 }),
      finalized(30_000, 0, 0),
    ],
    [
      "a job completed 1 ms slower than the median goal",
      changed("FINALIZED", { since_planned_ms: 30_001 }),
      finalized(30_001, 1, 0),
    ],
    [
      "a job completed at the tail goal of 120 s",
      changed("FINALIZED", { since_planned_ms: 120_000 }),
      finalized(120_000, 1, 0),
    ],
    [
      "a job completed 1 ms slower than the tail goal",
      changed("FINALIZED", { since_planned_ms: 120_001 }),
      finalized(120_001, 1, 1),
    ],
    ["a job that failed through our own fault", failed("system", "unexpected:Error"), VALID],
    ["origin trouble that exhausted the retry budget", failed("origin", "retries_exhausted:http_503"), VALID],
    ["crashes that exhausted the retry budget", failed("system", "retries_exhausted:worker_crashed"), VALID],
    ["a permanent refusal by the origin", failed("origin", "http_404"), REFUSED],
    ["a refusal by our policy", failed("policy", "private_address"), REFUSED],
    ["an intermediate state", changed("STREAMING"), {}],
    ["INDEXED, because FINALIZED was counted before", changed("INDEXED"), {}],
    ["DEDUPED, because FINALIZED was counted before", changed("DEDUPED"), {}],
    [
      "a completed operation",
      { event: "operation_completed", ...operation, result_code: "OK", elapsed_ms: 3 },
      { OperationsCompleted: 1, OperationsReplayed: 0 },
    ],
    [
      "a replayed operation",
      { event: "idempotency_replay", ...operation, reused_from_time: "2026-01-01T00:00:00.000Z" },
      { OperationsReplayed: 1 },
    ],
    ["a started operation", { event: "operation_started", ...operation }, {}],
    ["a lease renewal", { event: "lease_renewed", job_id, owner: "me", new_ttl_sec: 1 }, {}],
    ["a lease release", { event: "lease_released", job_id, owner: "me" }, {}],
    [
      "an idle run of a reconciler that does not know its lag, zeros included",
      {
        event: "crash_recovery_event",
        recovered_leases: 0,
        abandoned_ops: 0,
        recovered_late: 0,
        oldest_expired_ms: 0,
        unreadable_records: 0,
      },
      {
        ReconcilerRuns: 1,
        LeasesRecovered: 0,
        LeasesRecoveredLate: 0,
        OldestExpiredLease: 0,
        OperationsAbandoned: 0,
        RecordsUnreadable: 0,
      },
    ],
    [
      "a run of the reconciler that recovered leases",
      {
        event: "crash_recovery_event",
        recovered_leases: 4,
        abandoned_ops: 3,
        recovered_late: 2,
        oldest_expired_ms: 200_000,
        unreadable_records: 1,
        lag_ms: 95_000,
      },
      {
        ReconcilerRuns: 1,
        RecordsUnreadable: 1,
        LeasesRecovered: 4,
        LeasesRecoveredLate: 2,
        OldestExpiredLease: 200_000,
        RecoveryLag: 95_000,
        OperationsAbandoned: 3,
      },
    ],
    [
      "a worker that took over from a dead one: neither a run of the reconciler nor late",
      {
        event: "crash_recovery_event",
        job_id,
        recovered_leases: 1,
        abandoned_ops: 1,
        recovered_late: 1,
        oldest_expired_ms: 200_000,
        unreadable_records: 0,
      },
      { LeasesRecovered: 1, OperationsAbandoned: 1 },
    ],
  ])("are the expected ones for %s", (_what, event, measured) => {
    expect(metricsOf(event)).toEqual(measured);
  });

  it("cover every metric: none is without an event that measures it", () => {
    const counted = EXAMPLE_EVENTS.flatMap((event) => Object.keys(metricsOf(event)));
    expect(new Set(counted)).toEqual(new Set(Object.keys(METRICS)));
  });
});

it("the description of a metric names the threshold that the metric uses", () => {
  const seconds = (ms: number): string => `${ms / 1000} s`;
  expect(METRIC_MEANINGS.JobsSlowerThanMedianGoal).toContain(seconds(THRESHOLDS.completionMedianMs));
  expect(METRIC_MEANINGS.JobsSlowerThanTailGoal).toContain(seconds(THRESHOLDS.completionP95Ms));
  expect(METRIC_MEANINGS.LeasesSlow).toContain(`${THRESHOLDS.leaseAcquisitionP99Ms} ms`);
  expect(METRIC_MEANINGS.LeasesRecoveredLate).toContain(seconds(THRESHOLDS.recoveryMs));
});
