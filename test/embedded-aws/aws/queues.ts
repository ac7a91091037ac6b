import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from "@aws-sdk/client-sqs";
import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import pMap from "p-map";
import { asciiJson } from "../../../core/model/message.ts";
import { z } from "zod";

const BATCH = 10;
const SENDS_AT_A_TIME = 4;
const GROUP_MAX_LENGTH = 128;

/**
 * Sends message bodies in full batches. The message group of each is the host in its URL.
 * @throws Error if the queue refuses a message.
 */
export async function sendAll(sqs: SQSClient, queueUrl: string, bodies: readonly string[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(bodies.length / BATCH) }, (_, index) =>
    bodies.slice(index * BATCH, (index + 1) * BATCH),
  );
  await pMap(batches, async (batch) => sendBatch(sqs, queueUrl, batch), { concurrency: SENDS_AT_A_TIME });
}

async function sendBatch(sqs: SQSClient, queueUrl: string, bodies: readonly string[]): Promise<void> {
  const { Failed } = await sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: queueUrl,
      Entries: bodies.map((body, index) => ({
        Id: String(index),
        MessageBody: asciiJson(body),
        MessageGroupId: groupOf(body),
      })),
    }),
  );
  const [failed] = Failed ?? [];
  if (failed)
    throw new Error(
      `The queue refused a message: ${failed.Message ?? failed.Code}. Nothing is lost: run the same command again.`,
    );
}

const withUrl = z.object({ url: z.string() });

function groupOf(body: string): string {
  const url = withUrl.safeParse(JSON.parse(body)).data?.url;
  return (url && URL.parse(url)?.host.slice(0, GROUP_MAX_LENGTH)) || "-";
}

export interface QueueDepth {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export async function depthOf(sqs: SQSClient, queueUrl: string): Promise<QueueDepth> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
      ],
    }),
  );
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed),
  };
}

export interface DeadLetter {
  readonly body: string;
  readonly reason?: string;
}

/** Reads all messages of a queue, then makes them visible again. */
export async function readThrough(sqs: SQSClient, queueUrl: string): Promise<readonly DeadLetter[]> {
  const held: Message[] = [];
  for (let batch = await hold(sqs, queueUrl); batch.length > 0; batch = await hold(sqs, queueUrl)) held.push(...batch);
  for (let start = 0; start < held.length; start += BATCH) {
    await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: held
          .slice(start, start + BATCH)
          .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle, VisibilityTimeout: 0 })),
      }),
    );
  }
  return held.map(({ Body = "", MessageAttributes }) => {
    const reason = MessageAttributes?.["reason"]?.StringValue;
    return reason === undefined ? { body: Body } : { body: Body, reason };
  });
}

async function hold(sqs: SQSClient, queueUrl: string): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: BATCH,
      VisibilityTimeout: 60,
      MessageAttributeNames: ["All"],
    }),
  );
  return Messages;
}
