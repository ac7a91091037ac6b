import type { ScheduledEvent } from "aws-lambda";
import { reconcile, type Reconciliation, type ReconcilerDeps } from "../../core/recovery/reconcile.ts";

export function createHandler(deps: ReconcilerDeps): (event: ScheduledEvent) => Promise<Reconciliation> {
  return async () => {
    try {
      return await reconcile(deps);
    } finally {
      deps.telemetry.flush();
    }
  };
}
