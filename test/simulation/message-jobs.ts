import { jobIdOf, jobItemKey } from "../../core/keys.ts";
import { jobMessage } from "../../core/message.ts";

export interface MessageJob {
  readonly id: string;
  readonly key: string;
  readonly isTracked: boolean;
}

/** Whose job a message's body is of; every body is parsed once. */
export class MessageJobs {
  readonly #known = new Map<string, MessageJob | undefined>();

  /** Undefined for what is no message. */
  of(body: string): MessageJob | undefined {
    if (!this.#known.has(body)) this.#known.set(body, parse(body));
    return this.#known.get(body);
  }
}

function parse(body: string): MessageJob | undefined {
  const parsed = jobMessage.safeParse(tryJson(body));
  if (!parsed.success) return undefined;
  const id = jobIdOf(parsed.data);
  return { id, key: jobItemKey(id), isTracked: parsed.data.tracked === true };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
