import { DamagedRecordError } from "../model/errors.ts";
import { messageOf, type OutgoingMessage } from "../model/message.ts";
import { decodeJob } from "../model/record-codec.ts";
import { isTerminal } from "../model/states.ts";
import type { Item } from "../model/write.ts";

/**
 * Why no message is sent of a job that has a record. `begun`: somebody works on it, it waits for its next attempt, or
 * it is in the long lane. `unreadable`: its record is damaged, or of another release.
 */
export type NotSent = "begun" | "ended" | "unreadable";

/**
 * The message with which a recorded job begins before others, if all that it waits for is a message. It has one in the
 * backlog: whichever comes second finds the job leased or ended, and changes nothing.
 */
export function messageAhead(item: Item, nowMs: number): OutgoingMessage | NotSent {
  try {
    const job = decodeJob(item);
    if (isTerminal(job.state)) return "ended";
    return job.isLong === true || (job.availableAtMs ?? 0) > nowMs ? "begun" : messageOf(job);
  } catch (error) {
    if (error instanceof DamagedRecordError) return "unreadable";
    throw error;
  }
}
