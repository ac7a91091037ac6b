import en from "zod/v4/locales/en.js";
import * as z from "zod/mini";

z.config(en());
const id = z.string().check(z.minLength(1), z.maxLength(512));

/** What a producer puts on the queue, and what the reconciler and a continuation put back. */
export const jobMessage = z.object({
  work_id: id,
  artifact_id: id,
  url: z.string().check(
    z.maxLength(4096),
    z.refine((text) => URL.canParse(text), "not an absolute URL"),
  ),
  /** The digest the producer expects; a body with another one fails the job. */
  sha256: z.optional(z.string().check(z.regex(/^[0-9a-fA-F]{64}$/, "not 64 hexadecimal digits"), z.toLowerCase())),
  /** Set on messages for jobs that have a record already: they take the guarded path whatever the gate says. */
  tracked: z.optional(z.boolean()),
});

export type JobMessage = z.infer<typeof jobMessage>;

/** The message, or what is wrong with it. */
export function parseMessage(body: string): JobMessage | string {
  try {
    const parsed = jobMessage.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : messageProblems(parsed.error);
  } catch (error) {
    return `not JSON: ${String(error)}`;
  }
}

/** `work_id: Too small: expected string to have >=1 characters; url: ...` */
export const messageProblems = (error: z.core.$ZodError): string =>
  error.issues.map((issue) => `${issue.path.join(".") || "message"}: ${issue.message}`).join("; ");
