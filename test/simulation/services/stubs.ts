import type { SQSEvent, SQSRecord } from "aws-lambda";
import { hash } from "node:crypto";
import type { Algorithm, Digests, RunningDigests } from "../../../core/ports/digests.ts";
import type { ReceivedMessage } from "../../../core/ports/queue.ts";
import type { QueuedMessage } from "./queue.ts";

/** Keeps all bytes as its state. The bodies are small here, and it avoids the asynchronous start of the wasm module. */
export const plainDigests: Digests = {
  create: async (algorithms) => collecting(algorithms, []),
  restore: async (algorithms, state) => collecting(algorithms, [Buffer.from(state, "base64")]),
};

/** The simulated origins announce digests that node:crypto knows. */
const collecting = (algorithms: readonly Algorithm[], pieces: Uint8Array[]): RunningDigests => ({
  update: (bytes) => void pieces.push(Buffer.from(bytes)),
  save: () => Buffer.concat(pieces).toString("base64"),
  digests: () => Object.fromEntries(algorithms.map((algorithm) => [algorithm, hash(algorithm, Buffer.concat(pieces))])),
});

export const receivedOf = ({ id, body, group, receipt, receives, sentAtMs }: QueuedMessage): ReceivedMessage => ({
  messageId: id,
  body,
  receiptHandle: receipt,
  receiveCount: receives,
  sentAtMs,
  group,
});

export const eventOf = (messages: readonly QueuedMessage[]): SQSEvent => ({
  Records: messages.map(
    ({ id, body, group, receipt, receives, sentAtMs }) =>
      ({
        messageId: id,
        receiptHandle: receipt,
        body,
        attributes: {
          ApproximateReceiveCount: String(receives),
          SentTimestamp: String(sentAtMs),
          ...(group !== undefined && { MessageGroupId: group }),
        },
      }) as SQSRecord,
  ),
});
