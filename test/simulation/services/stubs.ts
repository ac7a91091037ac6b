import type { SQSEvent, SQSRecord } from "aws-lambda";
import { hash } from "node:crypto";
import type { RunningSha256, Sha256 } from "../../../core/ports/sha256.ts";
import type { QueuedMessage } from "./queue.ts";

/** Keeps all bytes as its state. The bodies are small here, and it avoids the asynchronous start of the wasm module. */
export const plainSha256: Sha256 = {
  create: async () => collecting([]),
  restore: async (state) => collecting([Buffer.from(state, "base64")]),
};

const collecting = (pieces: Uint8Array[]): RunningSha256 => ({
  update: (bytes) => void pieces.push(Buffer.from(bytes)),
  save: () => Buffer.concat(pieces).toString("base64"),
  digest: () => hash("sha256", Buffer.concat(pieces)),
});

export const eventOf = (messages: readonly QueuedMessage[]): SQSEvent => ({
  Records: messages.map(
    ({ id, body, receipt, receives }) =>
      ({
        messageId: id,
        receiptHandle: receipt,
        body,
        attributes: { ApproximateReceiveCount: String(receives) },
      }) as SQSRecord,
  ),
});
