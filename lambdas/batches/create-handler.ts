import { type Followed, followBatches, type FollowerDeps } from "../../core/batches/follow-batches.ts";
import { type Expanded, expandLists, type ExpanderDeps } from "../../core/lists/expand-lists.ts";
import { invoke, type Invocation } from "../invocation.ts";

/** What fails of the one keeps nothing of the other waiting. */
export const createHandler =
  (deps: FollowerDeps & ExpanderDeps) =>
  async (_event: unknown, invocation: Invocation): Promise<Followed & Expanded> =>
    invoke(deps.telemetry, invocation, async () => {
      const ends = await Promise.allSettled([followBatches(deps), expandLists(deps)]);
      const failed = ends.filter((end) => end.status === "rejected").map(({ reason }): unknown => reason);
      if (failed.length > 0) throw failed.length === 1 ? failed[0] : new AggregateError(failed, "Both parts failed.");
      const [followed, expanded] = ends as [PromiseFulfilledResult<Followed>, PromiseFulfilledResult<Expanded>];
      return { ...followed.value, ...expanded.value };
    });
