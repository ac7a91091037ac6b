import * as z from "zod/mini";

const name = z.string().check(z.minLength(1));

/** The announcer's environment. `infra` types what it sets as `Record<keyof AnnouncerEnv, string>`. */
export const announcerEnv = z.object({
  /** The dimension of all metrics. */
  ENVIRONMENT_NAME: name,
  EVENT_BUS_NAME: name,
  /** `single`: an event for each announcement. `batched`: as many in an event as are due, up to 64 KB. */
  ANNOUNCEMENTS: z.enum(["single", "batched"]),
  /** The bucket that announcements name as the place of the content. */
  CONTENT_BUCKET: name,
  /** Where stream records go that cannot be read. */
  DEAD_LETTER_QUEUE_URL: z.url(),
});

export type AnnouncerEnv = z.infer<typeof announcerEnv>;
