import type { OutgoingMessage } from "../model/message.ts";

export interface Queue {
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Sends a message that no retry can help to the dead-letter queue, with the reason as an attribute. */
  sendToDeadLetters(body: string, reason: string): Promise<void>;
  /** The message stays invisible (or returns) after `delayMs` from now. SQS rounds to seconds and caps at 12 hours. */
  hideFor(receiptHandle: string, delayMs: number): Promise<void>;
}

/** Takes what no retry can help, with the reason as an attribute. */
export type DeadLetters = Pick<Queue, "sendToDeadLetters">;

export interface DeadLetter {
  /** The same each time it is received. */
  readonly id: string;
  readonly body: string;
  readonly reason?: string;
  readonly receiptHandle: string;
}

/** The dead-letter queue, as who empties it sees it. */
export interface DeadLetterQueue {
  /** At most ten, hidden for some minutes; none when none is visible. */
  receive(): Promise<readonly DeadLetter[]>;
  delete(letters: readonly DeadLetter[]): Promise<void>;
  /** Shown again at once. */
  giveBack(letters: readonly DeadLetter[]): Promise<void>;
}
