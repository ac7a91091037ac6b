import { type Followed, followBatches, type FollowerDeps } from "../../core/batches/follow-batches.ts";
import { invoke, type Invocation } from "../invocation.ts";

export const createHandler =
  (deps: FollowerDeps) =>
  async (_event: unknown, invocation: Invocation): Promise<Followed> =>
    invoke(deps.telemetry, invocation, async () => followBatches(deps));
