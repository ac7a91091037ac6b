import type { OutgoingMessage } from "../../../core/model/message.ts";
import type { DeadLetter, DeadLetterQueue, Queue } from "../../../core/ports/queue.ts";
import { INVOCATION_MS, LONGEST_DELAY_MS } from "./settings.ts";
import type { VirtualTime } from "./time.ts";

export type Lane = "short" | "long";

export interface QueuedMessage {
  readonly id: string;
  /** Whose queue it is in. */
  readonly lane: Lane;
  readonly body: string;
  readonly sentAtMs: number;
  /** Undefined: its producer named none, or the queue does not tell. */
  readonly group: string | undefined;
  visibleAtMs: number;
  receivedAtMs: number;
  receives: number;
  /** Only the newest receipt hides or deletes the message. */
  receipt: string;
}

interface SimulatedLetter {
  readonly id: string;
  readonly body: string;
  /** Undefined if the queue itself moved the message, after too many receives. */
  readonly reason: string | undefined;
  visibleAtMs: number;
}

export interface QueueAges {
  /** A message is hidden at most this long after its receive, in ms: 12 hours in SQS. */
  readonly longestHiddenMs: number;
  /** A message is dropped at this age, in ms: 14 days in SQS. */
  readonly retentionMs: number;
}

interface QueueOptions {
  readonly visibilityMs: number;
  readonly maxReceives: number;
  readonly ages?: QueueAges | undefined;
  /** Whether it tells the group of most messages. Undefined: it does. */
  readonly tellsGroups?: boolean | undefined;
}

const HOUR_MS = 3_600_000;
const SQS_AGES: QueueAges = { longestHiddenMs: 12 * HOUR_MS, retentionMs: 14 * 24 * HOUR_MS };

const MESSAGES_A_GROUP_UNTOLD = 3;
const LETTERS_A_RECEIVE = 10;
const LETTER_HIDDEN_MS = 300_000;

/**
 * The standard queues of both lanes, with their common dead-letter queue. A received message is hidden, and comes back
 * unless it is deleted.
 */
export class SimulatedQueue {
  readonly messages = new Map<string, QueuedMessage>();
  readonly deadLetters: SimulatedLetter[] = [];
  /** Bodies of messages that grew too old. */
  readonly expired = new Set<string>();
  /** A wait that SQS does not accept, if one was asked for. */
  wrongWait: string | undefined;
  readonly #time: VirtualTime;
  readonly #visibilityMs: number;
  readonly #maxReceives: number;
  readonly #ages: QueueAges;
  readonly #tellsGroups: boolean;
  #sent = 0;

  constructor(time: VirtualTime, { visibilityMs, maxReceives, ages = SQS_AGES, tellsGroups = true }: QueueOptions) {
    this.#time = time;
    this.#visibilityMs = visibilityMs;
    this.#maxReceives = maxReceives;
    this.#ages = ages;
    this.#tellsGroups = tellsGroups;
  }

  /** @param afterMs how long from now it is sent; `delayMs` how long the queue keeps it back after that. */
  add(body: string, afterMs = 0, delayMs = 0, lane: Lane = "short", group?: string): void {
    const id = `m${this.#sent++}`;
    const sentAtMs = this.#time.nowMs + afterMs;
    const visibleAtMs = sentAtMs + delayMs;
    // Not every emulator tells the group of a message in a standard queue.
    const isTold = this.#tellsGroups && this.#sent % MESSAGES_A_GROUP_UNTOLD !== 0;
    const received = { receivedAtMs: 0, receives: 0, receipt: "" };
    this.messages.set(id, { id, lane, body, group: isTold ? group : undefined, sentAtMs, visibleAtMs, ...received });
  }

  receive(most: number, lane: Lane = "short"): readonly QueuedMessage[] {
    const received: QueuedMessage[] = [];
    const { nowMs } = this.#time;
    const { retentionMs } = this.#ages;
    for (const message of this.messages.values()) {
      if (received.length === most) break;
      if (message.lane !== lane) continue;
      if (nowMs - message.sentAtMs > retentionMs) {
        this.messages.delete(message.id);
        this.expired.add(message.body);
        continue;
      }
      if (message.visibleAtMs > nowMs) continue;
      message.receives += 1;
      if (message.receives > this.#maxReceives) {
        this.messages.delete(message.id);
        this.#bury(message.body, undefined);
        continue;
      }
      message.receivedAtMs = nowMs;
      message.visibleAtMs = nowMs + this.#visibilityMs;
      message.receipt = `${message.id}/${message.receives}`;
      received.push({ ...message });
    }
    return received;
  }

  delete(receipt: string): void {
    const message = this.#held(receipt);
    if (message) this.messages.delete(message.id);
  }

  /** As workers of the lane see it. A message that names no lane goes to their own queue. */
  portOf(own: Lane): Queue {
    return {
      ...this.#port,
      send: async (messages: readonly OutgoingMessage[]) => {
        for (const message of messages) this.#sendDelayed(message, message.lane ?? own);
      },
    };
  }

  readonly #port: Omit<Queue, "send"> = {
    sendToDeadLetters: async (body, reason) => this.#bury(body, reason),
    /** The adapter rounds up to seconds, and leaves room for the invocation: SQS counts from the receive. */
    hideFor: async (receipt, delayMs) => {
      const { longestHiddenMs } = this.#ages;
      const hiddenMs = Math.min(Math.ceil(delayMs / 1000) * 1000, longestHiddenMs - INVOCATION_MS);
      // Rounding hides what is less than a second. A caller that computes such a wait has others refused.
      if (!(delayMs >= 0)) this.wrongWait = `hidden for ${delayMs} ms`;
      if (hiddenMs < 0) throw invalid(`VisibilityTimeout ${hiddenMs / 1000} is negative`);
      const message = this.#held(receipt);
      if (!message) return;
      const untilMs = this.#time.nowMs + hiddenMs;
      if (untilMs > message.receivedAtMs + longestHiddenMs)
        throw invalid("Total VisibilityTimeout is beyond the limit");
      message.visibleAtMs = untilMs;
    },
  };

  readonly deadLetterPort: DeadLetterQueue = {
    receive: async () => {
      const { nowMs } = this.#time;
      const found = this.deadLetters.filter(({ visibleAtMs }) => visibleAtMs <= nowMs).slice(0, LETTERS_A_RECEIVE);
      for (const letter of found) letter.visibleAtMs = nowMs + LETTER_HIDDEN_MS;
      const letters: DeadLetter[] = [];
      for (const { id, body, reason } of found)
        letters.push(reason === undefined ? { id, body, receiptHandle: id } : { id, body, receiptHandle: id, reason });
      return letters;
    },
    delete: async (letters) => {
      for (const { id } of letters) {
        const place = this.deadLetters.findIndex((letter) => letter.id === id);
        if (place >= 0) this.deadLetters.splice(place, 1);
      }
    },
    giveBack: async (letters) => {
      for (const { id } of letters) {
        const letter = this.deadLetters.find((each) => each.id === id);
        if (letter) letter.visibleAtMs = this.#time.nowMs;
      }
    },
  };

  /** The adapter rounds up to seconds, and caps at the longest. */
  #sendDelayed({ body, delayMs = 0, group }: OutgoingMessage, lane: Lane): void {
    if (!(delayMs >= 0)) this.wrongWait = `sent with a delay of ${delayMs} ms`;
    this.add(body, 0, Math.ceil(Math.min(delayMs, LONGEST_DELAY_MS) / 1000) * 1000, lane, group);
  }

  #bury(body: string, reason: string | undefined): void {
    this.deadLetters.push({ id: `l${this.#sent++}`, body, reason, visibleAtMs: this.#time.nowMs });
  }

  #held(receipt: string): QueuedMessage | undefined {
    const message = this.messages.get(receipt.split("/")[0] ?? "");
    return message?.receipt === receipt ? message : undefined;
  }
}

const invalid = (message: string): Error => Object.assign(new Error(message), { name: "InvalidParameterValue" });
