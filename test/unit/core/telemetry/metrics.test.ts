import { describe, expect, it } from "vitest";
import type { TelemetryEvent } from "../../../../core/telemetry/events.ts";
import { METRICS, metricsOf, THRESHOLDS, type Measurements } from "../../../../core/telemetry/metrics.ts";
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

describe("what an event counts for", () => {
  it.each<[what: string, event: TelemetryEvent, measured: Measurements]>([
    ["a lease at the goal", leased(100), { LeasesTaken: 1, LeaseAcquisition: 100, LeasesSlow: 0 }],
    ["a lease just over the goal", leased(101), { LeasesTaken: 1, LeaseAcquisition: 101, LeasesSlow: 1 }],
    ["a job as quick as the median goal", changed("FINALIZED", { since_planned_ms: 30_000 }), finalized(30_000, 0, 0)],
    ["a job just slower", changed("FINALIZED", { since_planned_ms: 30_001 }), finalized(30_001, 1, 0)],
    ["a job as quick as the tail goal", changed("FINALIZED", { since_planned_ms: 120_000 }), finalized(120_000, 1, 0)],
    ["a job slower than both", changed("FINALIZED", { since_planned_ms: 120_001 }), finalized(120_001, 1, 1)],
    ["a job we failed", failed("system", "unexpected:Error"), VALID],
    ["trouble of the origin that outlived its budget", failed("origin", "retries_exhausted:http_503"), VALID],
    ["crashes that outlived their budget", failed("system", "retries_exhausted:worker_crashed"), VALID],
    ["an origin that said no", failed("origin", "http_404"), REFUSED],
    ["a refusal of ours", failed("policy", "private_address"), REFUSED],
    ["a state on the way", changed("STREAMING"), {}],
    ["the end after FINALIZED, which has counted", changed("INDEXED"), {}],
    ["the same of a duplicate", changed("DEDUPED"), {}],
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
    ["an operation that began", { event: "operation_started", ...operation }, {}],
    ["a renewal", { event: "lease_renewed", job_id, owner: "me", new_ttl_sec: 1 }, {}],
    ["a release", { event: "lease_released", job_id, owner: "me" }, {}],
    [
      "an idle run of the reconciler, zeros and all",
      {
        event: "crash_recovery_event",
        recovered_leases: 0,
        abandoned_ops: 0,
        recovered_late: 0,
        oldest_expired_ms: 0,
      },
      { ReconcilerRuns: 1, LeasesRecovered: 0, LeasesRecoveredLate: 0, OldestExpiredLease: 0, OperationsAbandoned: 0 },
    ],
    [
      "a run that recovered",
      {
        event: "crash_recovery_event",
        recovered_leases: 4,
        abandoned_ops: 3,
        recovered_late: 2,
        oldest_expired_ms: 200_000,
      },
      {
        ReconcilerRuns: 1,
        LeasesRecovered: 4,
        LeasesRecoveredLate: 2,
        OldestExpiredLease: 200_000,
        OperationsAbandoned: 3,
      },
    ],
  ])("%s", (_what, event, measured) => {
    expect(metricsOf(event)).toEqual(measured);
  });

  it("covers every metric there is: none is without an event", () => {
    const counted = EXAMPLE_EVENTS.flatMap((event) => Object.keys(metricsOf(event)));
    expect(new Set(counted)).toEqual(new Set(Object.keys(METRICS)));
  });
});

it("what a metric is said to be names the threshold it has", () => {
  const seconds = (ms: number): string => `${ms / 1000} s`;
  expect(METRICS.JobsSlowerThanMedianGoal.about).toContain(seconds(THRESHOLDS.completionMedianMs));
  expect(METRICS.JobsSlowerThanTailGoal.about).toContain(seconds(THRESHOLDS.completionP95Ms));
  expect(METRICS.LeasesSlow.about).toContain(`${THRESHOLDS.leaseAcquisitionP99Ms} ms`);
  expect(METRICS.LeasesRecoveredLate.about).toContain(seconds(THRESHOLDS.recoveryMs));
});
