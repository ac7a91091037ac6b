import { z } from "zod";

const whole = z.coerce.number().int().nonnegative();
const positive = z.coerce.number().int().positive();

/** The reconciler's environment. `infra` types what it sets as `Record<keyof ReconcilerEnv, string>`. */
export const reconcilerEnv = z.object({
  TABLE_NAME: z.string().min(1),
  QUEUE_URL: z.url(),
  DEAD_LETTER_QUEUE_URL: z.url(),
  STAGING_BUCKET: z.string().min(1),
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
