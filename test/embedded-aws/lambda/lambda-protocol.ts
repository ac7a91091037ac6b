import { z } from "zod";

/** Messages between a pool and its worker processes over the IPC channel. */
const invocation = z.object({ id: z.string(), event: z.unknown().optional(), deadlineMs: z.number() });
export type Invocation = z.infer<typeof invocation>;
export const request = z.union([z.literal("exit"), invocation]);
export type Request = z.infer<typeof request>;

export const answer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("result"), id: z.string(), result: z.unknown().optional() }),
  z.object({ kind: z.literal("error"), id: z.string(), error: z.string() }),
]);
export type Answer = z.infer<typeof answer>;
