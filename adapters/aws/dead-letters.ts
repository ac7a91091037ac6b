import { present } from "../../core/model/present.ts";
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { RetryableError } from "../../core/model/errors.ts";
import type { DeadLetter, DeadLetterQueue } from "../../core/ports/queue.ts";

const LARGEST_BATCH = 10;
/** Seconds: long enough to send on what was received. If the process dies in between, it stays hidden for so long. */
const HIDDEN_S = 300;
/** Seconds. A long poll asks all of SQS's servers, so an empty answer means that nothing is visible. */
const LONG_POLL_S = 2;

function letterOf({ MessageId, Body, ReceiptHandle, MessageAttributes }: Message): DeadLetter {
  const reason = MessageAttributes?.["reason"]?.StringValue;
  return {
    id: present(MessageId, "the id of a received message"),
    body: present(Body, "the body of a received message"),
    receiptHandle: present(ReceiptHandle, "the receipt handle of a received message"),
    ...(reason !== undefined && { reason }),
  };
}

const entriesOf = (letters: readonly DeadLetter[]) =>
  letters.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));

function* batchesOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += LARGEST_BATCH) yield all.slice(at, at + LARGEST_BATCH);
}

export function sqsDeadLetterQueue(client: SQSClient, queueUrl: string): DeadLetterQueue {
  return {
    async receive() {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: LARGEST_BATCH,
          VisibilityTimeout: HIDDEN_S,
          WaitTimeSeconds: LONG_POLL_S,
          MessageAttributeNames: ["reason"],
        }),
      );
      return Messages.map(letterOf);
    },

    async delete(letters) {
      for (const batch of batchesOf(letters)) {
        const { Failed } = await client.send(
          new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entriesOf(batch) }),
        );
        const [failed] = Failed ?? [];
        if (failed) throw new RetryableError(`queue_refused:${failed.Code}`, { failureClass: "system" });
      }
    },

    /** Refusals are ignored: such a message is visible already, or will be once its time is up. */
    async giveBack(letters) {
      for (const batch of batchesOf(letters)) {
        const Entries = entriesOf(batch).map(({ Id, ReceiptHandle }) => ({ Id, ReceiptHandle, VisibilityTimeout: 0 }));
        await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
    },
  };
}
