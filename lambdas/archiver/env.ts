import * as z from "zod/mini";

const name = z.string().check(z.minLength(1));

/** The archiver's environment. `infra` types what it sets as `Record<keyof ArchiverEnv, string>`. */
export const archiverEnv = z.object({
  /** The dimension of all metrics. */
  ENVIRONMENT_NAME: name,
  ARCHIVE_BUCKET: name,
  /** Where stream records go that cannot be read. */
  DEAD_LETTER_QUEUE_URL: z.url(),
});

export type ArchiverEnv = z.infer<typeof archiverEnv>;
