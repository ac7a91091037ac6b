import { startedOperations } from "../model/record.ts";
import { THRESHOLDS } from "../telemetry/metrics.ts";
import { Failures } from "./failures.ts";
import { reviveJobs, type ReviverDeps } from "./revive-jobs.ts";
import { sweepStaging, type SweeperDeps } from "./sweep-staging.ts";

export interface ReconcilerDeps extends ReviverDeps, SweeperDeps {
  readonly settings: ReviverDeps["settings"] & SweeperDeps["settings"];
}

export interface Reconciliation {
  readonly recoveredLeases: number;
  readonly requeuedJobs: number;
  readonly dispatchedJobs: number;
  readonly abandonedOperations: number;
  readonly removedLitter: number;
}

/**
 * One run: a bounded amount of work. Safe to repeat and to run twice at once.
 * @throws AggregateError at the end of a run in which calls failed. All that did not depend on them has been done.
 */
export async function reconcile(deps: ReconcilerDeps): Promise<Reconciliation> {
  const failures = new Failures(deps.telemetry);
  const { revived, dispatched, unreadable, lagMs } = await reviveJobs(deps, failures);
  const expiredForMs = revived.filter(({ job }) => job.leaseOwner !== undefined).map(({ overdueMs }) => overdueMs);
  const recoveredLeases = expiredForMs.length;
  const abandonedOperations = revived.reduce((sum, { job }) => sum + startedOperations(job), 0);
  // Emitted in every run, even with zeros: no event must mean that the reconciler is dead.
  deps.telemetry.emit({
    event: "crash_recovery_event",
    recovered_leases: recoveredLeases,
    abandoned_ops: abandonedOperations,
    recovered_late: expiredForMs.filter((ms) => ms > THRESHOLDS.recoveryMs).length,
    oldest_expired_ms: Math.max(0, ...expiredForMs),
    unreadable_records: unreadable,
    lag_ms: lagMs,
  });
  const removedLitter = await sweepStaging(deps, failures);
  failures.throwIfAny();
  return {
    recoveredLeases,
    requeuedJobs: revived.length,
    dispatchedJobs: dispatched,
    abandonedOperations,
    removedLitter,
  };
}
