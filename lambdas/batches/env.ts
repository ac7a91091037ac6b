import * as z from "zod/mini";

const name = z.string().check(z.minLength(1));

/**
 * The environment of the function that makes and follows batches. `infra` types what it sets as
 * `Record<keyof BatchesEnv, string>`.
 */
export const batchesEnv = z.object({
  /** The dimension of all metrics. */
  ENVIRONMENT_NAME: name,
  TABLE_NAME: name,
  /** Holds lists below `lists/`; the jobs of each batch, and its report, below `batches/`. */
  ARCHIVE_BUCKET: name,
  /** Where the end of a batch is announced. Empty: nowhere. */
  EVENT_BUS_NAME: z.string(),
  /** Where the jobs of lists are sent. */
  QUEUE_URL: z.url(),
  /** No step of a list is begun for longer than this in a run. In ms. */
  EXPANDS_FOR_MS: z.coerce.number().check(z.int(), z.gte(1)),
});

export type BatchesEnv = z.infer<typeof batchesEnv>;
