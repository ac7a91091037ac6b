import * as z from "zod/mini";
import { wholeNumber } from "../read-env.ts";

const positive = wholeNumber(1);
const name = z.string().check(z.minLength(1));

/** The rollout controller's environment. `infra` types what it sets as `Record<keyof GateRolloutEnv, string>`. */
export const gateRolloutEnv = z.object({
  /** The dimension of all metrics. */
  ENVIRONMENT_NAME: name,
  TABLE_NAME: name,
  /** The alarms that take a rollout back: at most 100 names, comma-separated. */
  ALARM_NAMES: name,
  /** How long all alarms must have been OK before the next step. */
  BAKE_MS: positive,
  /** How long a rollout holds its step while the alarms cannot be read. Then it goes back. */
  BLIND_MS: positive,
});

export type GateRolloutEnv = z.infer<typeof gateRolloutEnv>;
