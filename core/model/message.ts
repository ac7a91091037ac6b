import en from "zod/v4/locales/en.js";
import * as z from "zod/mini";
import type { JobRecord } from "./record.ts";

z.config(en());
/** As much as servers and browsers take. */
export const MOST_URL_CHARACTERS = 8192;
const id = z.string().check(z.minLength(1), z.maxLength(512));

/** A message of the work queue, sent by a producer, the reconciler, a redrive or a continuation. */
export const jobMessage = z.object({
  work_id: id,
  artifact_id: id,
  url: z.string().check(
    z.maxLength(MOST_URL_CHARACTERS),
    z.refine((text) => URL.canParse(text), "not an absolute URL"),
  ),
  /** The digest that the producer expects. A body with another digest fails the job. */
  sha256: z.optional(z.string().check(z.regex(/^[0-9a-fA-F]{64}$/, "not 64 hexadecimal digits"), z.toLowerCase())),
  /** Set on messages for jobs that already have a record: they take the guarded path whatever the gate says. */
  tracked: z.optional(z.boolean()),
});

export type JobMessage = z.infer<typeof jobMessage>;

/** Returns the message, or a text that says what is wrong with it. */
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

/** A message on its way to the work queue. */
export interface OutgoingMessage {
  readonly body: string;
  /** The tenant of a fair queue: the origin's host. */
  readonly group: string;
}

/** The host of a URL, with the port if the URL names one; "none" if it has no host (`mailto:`). */
export const hostOf = (url: string): string => new URL(url).host || "none";

/** A new message for a job that has a record: it takes the guarded path whatever the gate says. */
export const trackedMessage = (message: JobMessage): OutgoingMessage => ({
  body: JSON.stringify({ ...message, tracked: true }),
  group: hostOf(message.url),
});

/** The message that brings a recorded job back to the work queue. */
export const messageOf = (job: JobRecord): OutgoingMessage =>
  trackedMessage({
    work_id: job.workId,
    artifact_id: job.artifactId,
    url: job.url,
    ...(job.expectedSha256 !== undefined && { sha256: job.expectedSha256 }),
  });
