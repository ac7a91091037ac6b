/**
 * The names and units of all metrics, shared by the code that emits them and the code that alarms on them. Every metric
 * is a function of one telemetry event, so that a report from a run's events and a CloudWatch alarm count the same.
 */
import { LATE_RECOVERY_MS } from "../model/record.ts";
import type { TelemetryEvent } from "./events.ts";

export const METRIC_NAMESPACE = "fetchonce";
/** The only dimension, because each combination of dimensions is billed as a metric of its own. */
export const METRIC_DIMENSION = "environment";

/** What a version of a worker's code could not do. Its dimensions are `METRIC_DIMENSION` and `VERSION_DIMENSION`. */
export const VERSION_METRIC = "WorkFailed";
/** `function:version`. Two at a time at most, while code is rolled out. */
export const VERSION_DIMENSION = "version";

/** The limits of the service objectives, in milliseconds. */
export const THRESHOLDS = {
  completionMedianMs: 30_000,
  completionP95Ms: 120_000,
  leaseAcquisitionP99Ms: 100,
  /** Three runs of the reconciler. */
  recoveryMs: LATE_RECOVERY_MS,
} as const;

/** What each metric means is said in `dashboards/docs/metric-meanings.ts`: workers need only the units. */
export const METRICS = {
  JobsPlanned: { unit: "Count" },
  JobsCompleted: { unit: "Count" },
  JobsFailed: { unit: "Count" },
  JobsRefused: { unit: "Count" },
  TimeToComplete: { unit: "Milliseconds" },
  JobsSlowerThanMedianGoal: { unit: "Count" },
  JobsSlowerThanTailGoal: { unit: "Count" },
  LeasesTaken: { unit: "Count" },
  LeaseAcquisition: { unit: "Milliseconds" },
  LeasesSlow: { unit: "Count" },
  OperationsCompleted: { unit: "Count" },
  OperationsReplayed: { unit: "Count" },
  ReconcilerRuns: { unit: "Count" },
  LeasesRecovered: { unit: "Count" },
  LeasesRecoveredLate: { unit: "Count" },
  OldestExpiredLease: { unit: "Milliseconds" },
  RecordsUnreadable: { unit: "Count" },
  RecoveryLag: { unit: "Milliseconds" },
  OperationsAbandoned: { unit: "Count" },
  DeliveriesFailed: { unit: "Count" },
  MessagesFailing: { unit: "Count" },
  ClocksOff: { unit: "Count" },
} as const satisfies Readonly<Record<string, { readonly unit: "Count" | "Milliseconds" }>>;

export type MetricName = keyof typeof METRICS;
export type Measurements = Readonly<Partial<Record<MetricName, number>>>;

const oneIf = (condition: boolean): number => (condition ? 1 : 0);

/** Gives zeros as well as ones, wherever a ratio needs both. */
export function metricsOf(event: TelemetryEvent): Measurements {
  switch (event.event) {
    case "job_planned":
      return { JobsPlanned: 1 };
    case "job_leased":
      return {
        LeasesTaken: 1,
        LeaseAcquisition: event.acquired_in_ms,
        LeasesSlow: oneIf(event.acquired_in_ms > THRESHOLDS.leaseAcquisitionP99Ms),
      };
    case "job_state_changed":
      return ofStateChange(event);
    case "operation_completed":
      return { OperationsCompleted: 1, OperationsReplayed: 0 };
    case "idempotency_replay":
      return { OperationsReplayed: 1 };
    case "crash_recovery_event":
      // A worker's event names its job. It is no run of the reconciler, and what it waited for was the queue's turn.
      if (event.job_id !== undefined)
        return { LeasesRecovered: event.recovered_leases, OperationsAbandoned: event.abandoned_ops };
      return {
        ReconcilerRuns: 1,
        LeasesRecovered: event.recovered_leases,
        LeasesRecoveredLate: event.recovered_late,
        OldestExpiredLease: event.oldest_expired_ms,
        RecordsUnreadable: event.unreadable_records,
        ...(event.lag_ms !== undefined && { RecoveryLag: event.lag_ms }),
        OperationsAbandoned: event.abandoned_ops,
      };
    // A message that fails for good is delivered 16 times: only its first delivery says that one more is in trouble.
    case "delivery_failed":
      return { DeliveriesFailed: 1, ...(event.attempt === 1 && { MessagesFailing: 1 }) };
    case "clock_off":
      return { ClocksOff: 1 };
    case "lease_renewed":
    case "lease_released":
    case "operation_started":
      return {};
  }
}

function ofStateChange(event: Extract<TelemetryEvent, { event: "job_state_changed" }>): Measurements {
  // A reopened job that was published was counted as completed before: it is not counted again.
  if (event.from_state === "FAILED") return {};
  if (event.to_state === "FINALIZED") {
    return {
      JobsCompleted: 1,
      JobsFailed: 0,
      TimeToComplete: event.since_planned_ms,
      JobsSlowerThanMedianGoal: oneIf(event.since_planned_ms > THRESHOLDS.completionMedianMs),
      JobsSlowerThanTailGoal: oneIf(event.since_planned_ms > THRESHOLDS.completionP95Ms),
    };
  }
  if (event.to_state !== "FAILED") return {};
  const isValid = isValidWork(event.reason, event.failure_class);
  return isValid ? { JobsCompleted: 0, JobsFailed: 1 } : { JobsRefused: 1 };
}

/** SLOs count valid work only. These failures are ours, or transient ones that used up the retry budget. */
const isValidWork = (reason: string | undefined, failureClass: string | undefined): boolean =>
  failureClass === "system" || reason?.startsWith("retries_exhausted:") === true;
