import type { OutgoingMessage } from "../model/message.ts";

export interface Queue {
  /** SQS counts delays in seconds, and keeps a message back for at most `LONGEST_DELAY_MS`. */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Sends a message that no retry can fix to the dead-letter queue, with the reason as an attribute. */
  sendToDeadLetters(body: string, reason: string): Promise<void>;
  /**
   * Makes the message visible again `delayMs` from now; at once if that is in the past. SQS counts in seconds. The
   * longest time is 11.5 hours: after that, the message is delivered too early.
   */
  hideFor(receiptHandle: string, delayMs: number): Promise<void>;
}

export interface ReceivedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly receiptHandle: string;
  readonly receiveCount: number;
  /** When the message was sent, by the queue's clock. The same in each delivery. */
  readonly sentAtMs: number;
  /** The tenant of a fair queue. Undefined: the producer named none, or the queue does not tell. */
  readonly group?: string | undefined;
}

/** The receiving side of a worker's own queue. */
export interface Inbox {
  /** At most ten messages, which are then hidden; empty if none is visible. */
  receive(most: number): Promise<readonly ReceivedMessage[]>;
  delete(receiptHandles: readonly string[]): Promise<void>;
}

/** The sending side of the dead-letter queue. */
export type DeadLetters = Pick<Queue, "sendToDeadLetters">;

export interface DeadLetter {
  /** The same each time the message is received. */
  readonly id: string;
  readonly body: string;
  readonly reason?: string;
  readonly receiptHandle: string;
}

/** The receiving side of the dead-letter queue. */
export interface DeadLetterQueue {
  /** At most ten messages, which are then hidden for some minutes; empty if none is visible. */
  receive(): Promise<readonly DeadLetter[]>;
  delete(letters: readonly DeadLetter[]): Promise<void>;
  /** Makes the messages visible again at once. */
  giveBack(letters: readonly DeadLetter[]): Promise<void>;
}
