import type { WorkerSettings } from "../../core/worker/worker-deps.ts";
import { LaneWatch } from "./oracle/lane-watch.ts";
import type { SimulatedOrigin } from "./services/origin.ts";
import { Workers, type WorkersEnvironment } from "./workers.ts";

/** The mappings of both lanes. Without limits for the short lane there is only one, which takes every job. */
export function lanesOf(env: Omit<WorkersEnvironment, "lane">): readonly Workers[] {
  const { settings } = env;
  const first = new Workers({ ...env, lane: "short" });
  if (!settings.shortLane) return [first];
  return [
    first,
    new Workers({ ...env, lane: "long", settings: { ...settings, shortLane: undefined, unwatchedForMs: 0 } }),
  ];
}

/** Undefined if there is only one lane. */
export function watchLanes(
  { shortLane }: WorkerSettings,
  origin: SimulatedOrigin,
  failIf: (check: () => void) => void,
): LaneWatch | undefined {
  if (!shortLane) return undefined;
  const watch = new LaneWatch(shortLane);
  origin.watch = {
    answered: (...answer) => failIf(() => watch.answered(...answer)),
    read: (...piece) => failIf(() => watch.read(...piece)),
  };
  return watch;
}
