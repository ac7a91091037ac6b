import { reconcile, type Reconciliation, type ReconcilerDeps } from "../../core/recovery/reconcile.ts";
import { invoke, type Invocation } from "../invocation.ts";

export const createHandler =
  (deps: ReconcilerDeps) =>
  async (_event: unknown, invocation: Invocation): Promise<Reconciliation> =>
    invoke(deps.telemetry, invocation, async () => reconcile(deps));
