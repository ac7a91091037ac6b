import type { MetricName } from "../../core/telemetry/metrics.ts";

/** What each metric counts or measures, for the documentation. */
export const METRIC_MEANINGS: Readonly<Record<MetricName, string>> = {
  JobsPlanned: "jobs that got their record",
  JobsCompleted: "jobs that reached FINALIZED",
  JobsFailed: "valid jobs that FAILED: our own failures, and retry budgets that were used up",
  JobsRefused: "jobs that FAILED for a good reason: the origin or our policy refused them",
  TimeToComplete: "time from PLANNED to FINALIZED",
  JobsSlowerThanMedianGoal: "completed jobs that took longer than 30 s",
  JobsSlowerThanTailGoal: "completed jobs that took longer than 120 s",
  LeasesTaken: "leases taken on jobs",
  LeaseAcquisition: "duration of the conditional write that takes a lease",
  LeasesSlow: "leases that took longer than 100 ms to get",
  OperationsCompleted: "operations that ran to their result",
  OperationsReplayed: "operations whose result was replayed from the ledger",
  ReconcilerRuns: "runs of the reconciler: its heartbeat",
  LeasesRecovered: "expired leases that the reconciler took away",
  LeasesRecoveredLate: "recovered leases that had been expired for longer than 180 s",
  OldestExpiredLease: "how long the oldest of them had been expired; 0 for none",
  RecordsUnreadable: "job records that the reconciler could not read",
  RecoveryLag: "how long the oldest job had been due that a run left due; 0 for none",
  OperationsAbandoned: "operations that a dead worker left in progress",
  DeliveriesFailed: "deliveries that could not be worked on: the table, a queue, S3 or the bus refused",
  MessagesFailing: "messages and jobs of which the first delivery or attempt could not be worked on",
  ClocksOff: "how often a clock was found to be off by more than 30 s",
};
