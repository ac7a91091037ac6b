import en from "zod/v4/locales/en.js";
import * as z from "zod/mini";
import { closestName } from "./closest-name.ts";
import { id, jobOrder, url } from "./order.ts";
import type { JobRecord } from "./record.ts";

z.config(en());

/** A message of the work queue, sent by a producer, the reconciler, a redrive or a continuation. */
export const jobMessage = z.extend(jobOrder, {
  work_id: id,
  artifact_id: id,
  url,
  /** The digest that the producer expects. A body with another digest fails the job. */
  sha256: z.optional(z.string().check(z.regex(/^[0-9a-fA-F]{64}$/, "not 64 hexadecimal digits"), z.toLowerCase())),
  /** Set on messages for jobs that already have a record: they take the guarded path whatever the gate says. */
  tracked: z.optional(z.boolean()),
  /**
   * Set on a tracked message whose job has no record yet, because its host has had no place for it: when the message
   * was sent first, in ms since 1970. The gate decides again. The release before takes it for the message of a
   * record.
   */
  sent_at: z.optional(z.number()),
  /**
   * Set on the message of a parked job: when the job is available, in ms since 1970. Nobody watches the job while it
   * waits for that, so this message, or one that replaces it, must stay until somebody has leased the job.
   */
  dispatched_for: z.optional(z.number()),
  /** Since when the job has waited for a place at its host, in ms since 1970. */
  waiting_since: z.optional(z.number()),
});

export type JobMessage = z.infer<typeof jobMessage>;

export const MESSAGE_FIELDS: readonly string[] = Object.keys(jobMessage.shape);

/** Returns the message, or a text that says what is wrong with it. */
export function parseMessage(body: string): JobMessage | string {
  try {
    const value: unknown = JSON.parse(body);
    const parsed = jobMessage.safeParse(value);
    if (!parsed.success) return messageProblems(parsed.error);
    // We send tracked messages ourselves: a newer release may, with fields that this one does not know.
    const unknown = parsed.data.tracked === true ? [] : unknownFields(value as object);
    return unknown.length === 0 ? parsed.data : unknown.join("; ");
  } catch (error) {
    return `not JSON: ${String(error)}`;
  }
}

const unknownFields = (value: object): readonly string[] =>
  Object.keys(value)
    .filter((name) => !MESSAGE_FIELDS.includes(name))
    .map((name) => `${name}: ${unknownFieldProblem(name, MESSAGE_FIELDS)}`);

/** What is wrong with a field that is not among the known ones, and what to do. */
export function unknownFieldProblem(name: string, known: readonly string[]): string {
  const meant = closestName(name, known);
  return `unknown field; ${meant === undefined ? "put what is your own into metadata" : `did you mean ${meant}?`}`;
}

/** `work_id: Too small: expected string to have >=1 characters; url: ...` */
export const messageProblems = (error: z.core.$ZodError): string =>
  error.issues.map((issue) => `${issue.path.join(".") || "message"}: ${issue.message}`).join("; ");

/** The same JSON in ASCII only, because not every queue takes every character. It parses to the same value. */
export const asciiJson = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** SQS takes at most 10 messages in a request. */
export const LARGEST_BATCH = 10;
const LONGEST_GROUP_ID = 128;

/** On a standard queue, the group names a tenant (fair queues): one slow origin does not delay the others. */
export const groupIdOf = (group: string): string => group.slice(0, LONGEST_GROUP_ID);

/** A message on its way to the work queue. */
export interface OutgoingMessage {
  readonly body: string;
  /** The tenant of a fair queue: the origin's host. */
  readonly group: string;
  /** Absent: it goes to the sender's own queue. */
  readonly lane?: "long";
  /**
   * How long the queue keeps it back, in ms; if that is too long for it, as long as it can. While it does, the message
   * is not in flight.
   */
  readonly delayMs?: number;
}

/** The host of a URL, with the port if the URL names one; "none" if it has no host (`mailto:`). */
export const hostOf = (text: string): string => new URL(text).host || "none";

export const untrackedMessage = (message: JobMessage): OutgoingMessage => ({
  body: JSON.stringify(message),
  group: hostOf(message.url),
});

/**
 * A new message for a job that has a record, or whose path was decided: it takes the guarded path whatever the gate
 * says.
 */
export const trackedMessage = (message: JobMessage, delayMs = 0): OutgoingMessage => ({
  body: JSON.stringify({ ...message, tracked: true }),
  group: hostOf(message.url),
  ...(delayMs > 0 && { delayMs }),
});

/** For a job that is watched since somebody has leased or postponed it. */
export const afterDispatch = (message: JobMessage): JobMessage => ({ ...message, dispatched_for: undefined });

/**
 * The message that brings a recorded job back, to the queue of its lane.
 * @param dispatchedForMs of a parked job that nobody watches from then on: when it is available.
 */
export const messageOf = (job: JobRecord, delayMs = 0, dispatchedForMs?: number): OutgoingMessage => ({
  ...trackedMessage(
    {
      ...job.order,
      work_id: job.workId,
      artifact_id: job.artifactId,
      url: job.url,
      ...(job.expectedSha256 !== undefined && { sha256: job.expectedSha256 }),
      ...(dispatchedForMs !== undefined && { dispatched_for: dispatchedForMs }),
    },
    delayMs,
  ),
  ...(job.isLong && { lane: "long" }),
});
