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
  /** The queue of the long lane. */
  LONG_QUEUE_URL: z.url(),
  DEAD_LETTER_QUEUE_URL: z.url(),
  STAGING_BUCKET: name,
  /** How long after sending a job's message again the reconciler looks at the job again. */
  REQUEUE_GRACE_MS: whole,
  /** As the workers': 0 if their release, or the one before, watches every lease. */
  UNWATCHED_FOR_MS: whole,
  /** How many jobs are recovered in one run, at most. */
  RECOVER_LIMIT: positive,
  /** How many staging objects and uploads are checked in one run, at most. */
  SWEEP_LIMIT: positive,
  /** Age at which the litter of a job without a record is removed. It must exceed the longest invocation. */
  ORPHAN_AGE_MS: positive,
});

export type ReconcilerEnv = z.infer<typeof reconcilerEnv>;
