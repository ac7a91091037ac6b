import { present } from "../../core/model/present.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { Queue } from "../../core/ports/queue.ts";
import type { LocalDatabase } from "./database.ts";

export interface ReceivedMessage {
  readonly id: number;
  readonly body: string;
  readonly receiveCount: number;
  readonly sentAtMs: number;
}

/** A durable queue whose messages come back when their holder neither deletes nor hides them. */
export interface LocalQueue extends Queue {
  /** Takes up to `most` messages for this process: those that became visible first. */
  receive(most: number): Promise<readonly ReceivedMessage[]>;
  /** Hides a message with which nobody has begun. It does not count as received. */
  postpone(message: ReceivedMessage, delayMs: number): Promise<void>;
  delete(message: ReceivedMessage): Promise<void>;
}

interface QueueOptions {
  readonly clock: Pick<Clock, "nowMs">;
  /** Name of the process that receives. */
  readonly holder: string;
  /** How long a received message stays hidden. */
  readonly visibilityMs: number;
  /** A message that was received so often goes to the dead letters. */
  readonly mostReceives: number;
}

const SEND = "INSERT INTO queue (body, visible_at, sent_at) VALUES (?, ?, ?)";
const BURY = "INSERT INTO dead_letters (body, reason) VALUES (?, ?)";
/**
 * What became due first comes first. So what has to wait and comes back costs those nothing that were there before, and
 * waits for no more than was there when it became due.
 */
const RECEIVE = `UPDATE queue SET holder = ?, visible_at = ?, receives = receives + 1
  WHERE id IN (SELECT id FROM queue WHERE visible_at <= ? ORDER BY visible_at, id LIMIT ?)
  RETURNING id, body, receives, sent_at`;
const POSTPONE = "UPDATE queue SET visible_at = ?, receives = receives - 1 WHERE id = ? AND holder = ?";
const DELETE = "DELETE FROM queue WHERE id = ?";
const HIDE = "UPDATE queue SET visible_at = ? WHERE id = ? AND holder = ?";

export function localQueue(database: LocalDatabase, options: QueueOptions): LocalQueue {
  const { clock, holder, visibilityMs, mostReceives } = options;

  const bury = ({ id, body }: ReceivedMessage): void => {
    database.run(BURY, body, null);
    database.run(DELETE, id);
  };

  const receiveNow = (most: number): readonly ReceivedMessage[] => {
    const nowMs = clock.nowMs();
    const received: ReceivedMessage[] = [];
    const rows = database.all(RECEIVE, holder, nowMs + visibilityMs, nowMs, most);
    const messages = rows.map((row) => ({
      id: Number(row["id"]),
      body: String(row["body"]),
      receiveCount: Number(row["receives"]),
      sentAtMs: Number(row["sent_at"]),
    }));
    for (const message of messages.sort((one, other) => one.id - other.id)) {
      if (message.receiveCount <= mostReceives) received.push(message);
      else bury(message);
    }
    return received;
  };

  return {
    async send(messages) {
      const nowMs = clock.nowMs();
      await database.grouped(() => {
        for (const { body, delayMs = 0 } of messages) database.run(SEND, body, nowMs + Math.ceil(delayMs), nowMs);
      });
    },
    async sendToDeadLetters(body, reason) {
      await database.grouped(() => database.run(BURY, body, reason));
    },
    async hideFor(receiptHandle, delayMs) {
      const untilMs = clock.nowMs() + Math.max(0, Math.ceil(delayMs));
      await database.grouped(() => database.run(HIDE, untilMs, Number(receiptHandle), holder));
    },
    async postpone({ id }, delayMs) {
      const untilMs = clock.nowMs() + Math.ceil(delayMs);
      await database.grouped(() => database.run(POSTPONE, untilMs, id, holder));
    },
    receive: async (most) => database.grouped(() => receiveNow(most)),
    async delete({ id }) {
      await database.grouped(() => database.run(`${DELETE} AND holder = ?`, id, holder));
    },
  };
}

/** Makes the messages that a dead process held visible at once. */
export function releaseMessages(database: LocalDatabase, holder: string, nowMs: number): void {
  database.run("UPDATE queue SET visible_at = MIN(visible_at, ?) WHERE holder = ?", nowMs, holder);
}

/** How many messages there are, hidden ones included. */
export const queueDepth = (database: LocalDatabase): number =>
  Number(present(database.get("SELECT COUNT(*) AS count FROM queue"), "a count")["count"]);

const DUE = "SELECT COUNT(*) AS count FROM (SELECT 1 FROM queue WHERE visible_at <= ? LIMIT ?)";

/** Whether at least so many messages are visible. */
export const hasDue = (database: LocalDatabase, nowMs: number, least: number): boolean =>
  Number(present(database.get(DUE, nowMs, least), "a count")["count"]) === least;
