import { jobIdOf, jobItemKey } from "../../../core/model/keys.ts";
import { parseMessage } from "../../../core/model/message.ts";

interface MessageJob {
  readonly id: string;
  readonly key: string;
  readonly isTracked: boolean;
}

/** Schedules have messages in common; reading and hashing one costs as much as a call of a port. */
const known = new Map<string, MessageJob | undefined>();
const KNOWN_AT_MOST = 10_000;

/** Whose job a message's body is of; undefined for what is no message. */
export function jobOf(body: string): MessageJob | undefined {
  if (!known.has(body)) {
    if (known.size === KNOWN_AT_MOST) known.clear();
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
