import * as z from "zod/mini";

const name = z.string().check(z.minLength(1));

/** The batch follower's environment. `infra` types what it sets as `Record<keyof BatchesEnv, string>`. */
export const batchesEnv = z.object({
  /** The dimension of all metrics. */
  ENVIRONMENT_NAME: name,
  TABLE_NAME: name,
  /** Holds the jobs of each batch, and its report, below `batches/`. */
  ARCHIVE_BUCKET: name,
  /** Where the end of a batch is announced. Empty: nowhere. */
  EVENT_BUS_NAME: z.string(),
});

export type BatchesEnv = z.infer<typeof batchesEnv>;
