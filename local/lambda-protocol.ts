import { z } from "zod";

/** What pool and worker process say to each other over the IPC channel. */
export const invocation = z.object({ id: z.string(), event: z.unknown(), deadlineMs: z.number() });
export type Invocation = z.infer<typeof invocation>;

export const answer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("result"), id: z.string(), result: z.unknown() }),
  z.object({ kind: z.literal("error"), id: z.string(), error: z.string() }),
]);
export type Answer = z.infer<typeof answer>;
