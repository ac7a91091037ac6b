/** Settings as their users write them: only those that differ. */
import type { Environment, Monitoring } from "./environment.ts";
import { ENVIRONMENTS, USUAL_MONITORING } from "./environments.ts";

/** Changes of some settings. Of `monitoring`, too, what is not written stays. */
export type Settings = Partial<Omit<Environment, "monitoring">> & {
  readonly monitoring?: Partial<Monitoring> | undefined;
};

/** What a deployment has that says nothing else: the settings of `prod`, and nobody who is told of alarms. */
export const DEFAULTS: Environment = { ...ENVIRONMENTS.prod, monitoring: USUAL_MONITORING };

/** @throws RangeError if there is no setting of a name. */
export function environmentOf(base: Environment, changes: Settings): Environment {
  for (const name of Object.keys(changes)) {
    if (!Object.hasOwn(base, name))
      throw new RangeError(`There is no setting "${name}". Settings are: ${Object.keys(base).join(", ")}.`);
  }
  const { monitoring, ...others } = changes;
  const isUnwatched = "monitoring" in changes && monitoring === undefined;
  const watched = monitoring ? { ...(base.monitoring ?? USUAL_MONITORING), ...monitoring } : base.monitoring;
  return { ...base, ...others, monitoring: isUnwatched ? undefined : watched };
}
