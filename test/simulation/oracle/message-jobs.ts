import { jobIdOf, jobItemKey } from "../../../core/model/keys.ts";
import { parseMessage } from "../../../core/model/message.ts";

interface MessageJob {
  readonly id: string;
  readonly key: string;
  readonly isTracked: boolean;
}

/** A cache: schedules share messages, and parsing and hashing one costs as much as a call of a port. */
const known = new Map<string, MessageJob | undefined>();
const MAX_KNOWN = 10_000;

/** The job of a message body, or undefined if the body is not a valid message. */
export function jobOf(body: string): MessageJob | undefined {
  if (!known.has(body)) {
    if (known.size === MAX_KNOWN) known.clear();
    known.set(body, read(body));
  }
  return known.get(body);
}

function read(body: string): MessageJob | undefined {
  const message = parseMessage(body);
  if (typeof message === "string") return undefined;
  const id = jobIdOf(message);
  return { id, key: jobItemKey(id), isTracked: message.tracked === true };
}
