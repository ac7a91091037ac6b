import type { OutgoingMessage } from "../../../core/model/message.ts";
import type { Queue } from "../../../core/ports/queue.ts";
import type { VirtualTime } from "./time.ts";

export interface QueuedMessage {
  readonly id: string;
  readonly body: string;
  visibleAtMs: number;
  receives: number;
  /** Only the newest receipt hides or deletes the message. */
  receipt: string;
}

export interface DeadLetter {
  readonly body: string;
  /** Undefined if the queue itself moved the message, after too many receives. */
  readonly reason: string | undefined;
}

/** A standard queue with its dead-letter queue. A received message is hidden, and comes back unless it is deleted. */
export class SimulatedQueue {
  readonly messages = new Map<string, QueuedMessage>();
  readonly deadLetters: DeadLetter[] = [];
  readonly #time: VirtualTime;
  readonly #visibilityMs: number;
  readonly #maxReceives: number;
  #sent = 0;

  constructor(time: VirtualTime, visibilityMs: number, maxReceives: number) {
    this.#time = time;
    this.#visibilityMs = visibilityMs;
    this.#maxReceives = maxReceives;
  }

  add(body: string, delayMs = 0): void {
    const id = `m${this.#sent++}`;
    this.messages.set(id, { id, body, visibleAtMs: this.#time.nowMs + delayMs, receives: 0, receipt: "" });
  }

  receive(most: number): readonly QueuedMessage[] {
    const received: QueuedMessage[] = [];
    for (const message of this.messages.values()) {
      if (received.length === most) break;
      if (message.visibleAtMs > this.#time.nowMs) continue;
      message.receives += 1;
      if (message.receives > this.#maxReceives) {
        this.messages.delete(message.id);
        this.deadLetters.push({ body: message.body, reason: undefined });
        continue;
      }
      message.visibleAtMs = this.#time.nowMs + this.#visibilityMs;
      message.receipt = `${message.id}/${message.receives}`;
      received.push({ ...message });
    }
    return received;
  }

  delete(receipt: string): void {
    const message = this.#held(receipt);
    if (message) this.messages.delete(message.id);
  }

  readonly port: Queue = {
    send: async (messages: readonly OutgoingMessage[]) => {
      for (const { body } of messages) this.add(body);
    },
    sendToDeadLetters: async (body, reason) => void this.deadLetters.push({ body, reason }),
    hideFor: async (receipt, delayMs) => {
      const message = this.#held(receipt);
      if (message) message.visibleAtMs = this.#time.nowMs + Math.ceil(delayMs / 1000) * 1000;
    },
  };

  #held(receipt: string): QueuedMessage | undefined {
    const message = this.messages.get(receipt.split("/")[0] ?? "");
    return message?.receipt === receipt ? message : undefined;
  }
}
