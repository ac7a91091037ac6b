import * as z from "zod/mini";
import { wholeNumber } from "../read-env.ts";

const whole = wholeNumber(0);
const positive = wholeNumber(1);
const name = z.string().check(z.minLength(1));

/** The reconciler's environment. `infra` types what it sets as `Record<keyof ReconcilerEnv, string>`. */
export const reconcilerEnv = z.object({
  /** The dimension of all metrics. */
  ENVIRONMENT_NAME: name,
  TABLE_NAME: name,
  QUEUE_URL: z.url(),
  DEAD_LETTER_QUEUE_URL: z.url(),
  STAGING_BUCKET: name,
  /** How long after re-queueing a job the reconciler looks at it again. */
  REQUEUE_GRACE_MS: whole,
  /** Jobs recovered in one run, at most. */
  RECOVER_LIMIT: positive,
  /** Staging objects and uploads looked at in one run, at most. */
  SWEEP_LIMIT: positive,
  /** Litter of a job that has no record is removed once it is older than any invocation can be. */
  ORPHAN_AGE_MS: positive,
});

export type ReconcilerEnv = z.infer<typeof reconcilerEnv>;
