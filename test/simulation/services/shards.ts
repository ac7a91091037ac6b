import { FEWEST_WATCH_SHARDS, MOST_WATCH_SHARDS, watchShardOf } from "../../../core/model/keys.ts";

/** Workers under two settings: every second one spreads jobs over as few shards as the first release. */
export const shardsOfWorker = (nth: number): number => (nth % 2 === 0 ? FEWEST_WATCH_SHARDS : MOST_WATCH_SHARDS);

/** The shards in which the job's record may be. */
export const shardsOf = (jobId: string): readonly number[] =>
  [FEWEST_WATCH_SHARDS, MOST_WATCH_SHARDS].map((shards) => watchShardOf(jobId, shards));

/** Half of the workers of either setting put small bodies at their content address; the others stage everything. */
export const placesDirectly = (nth: number): boolean => nth % 4 < 2;

/** A reconciler of a release before keeps watching what it has dispatched. */
export const endsWatch = (nth: number): boolean => nth % 3 < 2;

/** A release before, or the long lane, watches every lease. */
export const watchesNoFirst = (nth: number): boolean => nth % 3 < 2;
