import { z } from "zod";

const id = z.string().min(1).max(512);

/** What a producer puts on the queue, and what the reconciler and a continuation put back. */
export const jobMessage = z.object({
  work_id: id,
  artifact_id: id,
  url: z
    .string()
    .max(4096)
    .refine((text) => URL.canParse(text), "not an absolute URL"),
  /** The digest the producer expects; a body with another one fails the job. */
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, "not 64 hexadecimal digits")
    .transform((text) => text.toLowerCase())
    .optional(),
  /** Set on messages for jobs that have a record already: they take the guarded path whatever the gate says. */
  tracked: z.boolean().optional(),
});

export type JobMessage = z.infer<typeof jobMessage>;

/** `work_id: Too small: expected string to have >=1 characters; url: ...` */
export const messageProblems = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join(".") || "message"}: ${issue.message}`).join("; ");
