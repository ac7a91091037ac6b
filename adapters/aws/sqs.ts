import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { RetryableError } from "../../core/model/errors.ts";
import { asciiJson, groupIdOf, LARGEST_BATCH, type OutgoingMessage } from "../../core/model/message.ts";
import { LONGEST_DELAY_MS } from "../../core/model/waiting.ts";
import type { DeadLetters, Inbox, Queue } from "../../core/ports/queue.ts";
import type { SendBatch } from "../../core/producer/job.ts";

/**
 * SQS refuses to hide a message for longer than 12 hours, counted from its receive. Its receive was at most 30 minutes
 * ago: Lambda had to start the invocation within the visibility timeout (15 minutes), and ends it after 15 minutes.
 */
const LONGEST_HIDING_S = 12 * 3600 - 30 * 60;

export interface QueueUrls {
  /** Where messages are received, and sent to unless they name a lane. */
  readonly queueUrl: string;
  readonly longQueueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** Whether the queue with that ARN is the one with that URL, among those of one account and region. */
export const isArnOf = (queueArn: string, queueUrl: string): boolean =>
  queueUrl.endsWith(`/${queueArn.slice(queueArn.lastIndexOf(":") + 1)}`);

export const sqsDeadLetters = (client: SQSClient, queueUrl: string): DeadLetters => ({
  async sendToDeadLetters(body, reason) {
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        // A parser's error may quote half of a surrogate pair, which SQS refuses.
        MessageAttributes: { reason: { DataType: "String", StringValue: reason.toWellFormed() } },
      }),
    );
  },
});

/** The sending half of one queue, for callers that need nothing else. Workers send on what belongs to another lane. */
export function sqsSender(client: SQSClient, queueUrl: string): Pick<Queue, "send"> {
  const sendBatch = async (messages: readonly OutgoingMessage[]): Promise<void> => {
    const { Failed } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: messages.map(({ body, delayMs = 0, group }, index) => ({
          Id: String(index),
          MessageBody: asciiJson(body),
          ...(delayMs > 0 && { DelaySeconds: Math.ceil(Math.min(delayMs, LONGEST_DELAY_MS) / 1000) }),
          MessageGroupId: groupIdOf(group),
        })),
      }),
    );
    const [failed] = Failed ?? [];
    if (failed) throw new RetryableError(`queue_refused:${failed.Code}`, { failureClass: "system" });
  };
  return {
    async send(messages) {
      for (let at = 0; at < messages.length; at += LARGEST_BATCH)
        await sendBatch(messages.slice(at, at + LARGEST_BATCH));
    },
  };
}

/** What a producer needs of a queue. */
export const sqsBatches =
  (client: SQSClient, queueUrl: string): SendBatch =>
  async (entries) =>
    client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));

export function sqsQueue(client: SQSClient, { queueUrl, longQueueUrl, deadLetterQueueUrl }: QueueUrls): Queue {
  const own = sqsSender(client, queueUrl);
  const long = sqsSender(client, longQueueUrl);
  return {
    async send(messages) {
      await own.send(messages.filter(({ lane }) => lane === undefined));
      await long.send(messages.filter(({ lane }) => lane === "long"));
    },
    ...sqsDeadLetters(client, deadLetterQueueUrl),
    async hideFor(receiptHandle, delayMs) {
      await client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: queueUrl,
          ReceiptHandle: receiptHandle,
          // SQS refuses a time beyond its limits, and the message would stay hidden as it is.
          VisibilityTimeout: Math.min(Math.max(0, Math.ceil(delayMs / 1000)), LONGEST_HIDING_S),
        }),
      );
    },
  };
}

export const sqsInbox = (client: SQSClient, queueUrl: string): Inbox => ({
  async receive(most) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: Math.min(most, LARGEST_BATCH),
        // Without any wait, SQS asks some of its servers only, and says that there is none.
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId"],
      }),
    );
    return Messages.map(({ Attributes = {}, Body = "", MessageId = "", ReceiptHandle = "" }) => ({
      messageId: MessageId,
      body: Body,
      receiptHandle: ReceiptHandle,
      receiveCount: Number(Attributes["ApproximateReceiveCount"]),
      sentAtMs: Number(Attributes["SentTimestamp"]),
      group: Attributes["MessageGroupId"],
    }));
  },
  async delete(receiptHandles) {
    for (let at = 0; at < receiptHandles.length; at += LARGEST_BATCH) {
      const Entries = receiptHandles
        .slice(at, at + LARGEST_BATCH)
        .map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
      // One that is not deleted comes back, and finds its job finished.
      await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  },
});
