import { DeleteMessageBatchCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { z } from "zod";
import type { EventSource } from "./functions.ts";
import { type Loop, pause, repeat, toError } from "../../../local/shared/repeat.ts";
import { REGION } from "../template/template.ts";

/** SQS returns at most ten messages in one call. */
const MOST_PER_CALL = 10;
/** Short, so that stopping can wait for the call in progress instead of dropping one that may bring messages. */
const LONG_POLL_SECONDS = 1;
const MOST_WINDOW_MS = 1000;
const PAUSE_AFTER_TROUBLE_MS = 1000;

export interface PollerOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly source: Omit<EventSource, "bisectsBatches" | "filters">;
  /** Batches processed at the same time: one for each worker. */
  readonly concurrency: number;
  readonly invoke: (event: SQSEvent) => Promise<unknown>;
  /** Called if a whole batch or a call to SQS failed. Its messages come back when their visibility timeout ends. */
  readonly onTrouble: (error: Error) => void;
}

/** Does the work of Lambda's event source mapping: receives, invokes, and deletes the messages that succeeded. */
export const startPoller = (options: PollerOptions): Loop =>
  repeat(async (stopping) => {
    try {
      await pollOnce(options, stopping);
    } catch (error) {
      options.onTrouble(toError(error));
      await pause(PAUSE_AFTER_TROUBLE_MS, stopping);
    }
  }, options.concurrency);

async function pollOnce(options: PollerOptions, stopping: AbortSignal): Promise<void> {
  const messages = await receiveBatch(options, stopping);
  if (messages.length === 0) return;
  const records = messages.map((message) => recordOf(message, options.source.arn));
  const failed = await failedIn(options, records);
  await deleteAll(
    options,
    records.filter((record) => !failed.has(record.messageId)),
  );
}

async function receiveBatch({ sqs, queueUrl, source }: PollerOptions, stopping: AbortSignal): Promise<Message[]> {
  const batch = await receive(sqs, queueUrl, source.batchSize, LONG_POLL_SECONDS);
  const windowEndsMs = Date.now() + Math.min(source.batchingWindowMs, MOST_WINDOW_MS);
  while (batch.length > 0 && batch.length < source.batchSize && Date.now() < windowEndsMs && !stopping.aborted) {
    batch.push(...(await receive(sqs, queueUrl, source.batchSize - batch.length, LONG_POLL_SECONDS)));
  }
  return batch;
}

async function receive(sqs: SQSClient, queueUrl: string, wanted: number, waitSeconds: number): Promise<Message[]> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(wanted, MOST_PER_CALL),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    }),
  );
  return Messages ?? [];
}

function recordOf(message: Message, queueArn: string): SQSRecord {
  const attributes = message.Attributes ?? {};
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: {
      ...attributes,
      ApproximateReceiveCount: attributes.ApproximateReceiveCount ?? "1",
      SentTimestamp: attributes.SentTimestamp ?? "",
      SenderId: attributes.SenderId ?? "",
      ApproximateFirstReceiveTimestamp: attributes.ApproximateFirstReceiveTimestamp ?? "",
    },
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
        name,
        {
          dataType: value.DataType ?? "String",
          ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
          ...(value.BinaryValue === undefined
            ? {}
            : { binaryValue: Buffer.from(value.BinaryValue).toString("base64") }),
        },
      ]),
    ),
    md5OfBody: message.MD5OfBody ?? "",
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: REGION,
  };
}

const partialResponse = z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish() });

/** @returns the message ids of the records that failed: all of them, if the invocation failed or answered nonsense. */
async function failedIn(options: PollerOptions, records: readonly SQSRecord[]): Promise<ReadonlySet<string>> {
  const ids = new Set(records.map((record) => record.messageId));
  try {
    const response = await options.invoke({ Records: [...records] });
    if (!options.source.reportsPartialFailures || response === null || response === undefined) return new Set();
    const failures = (partialResponse.parse(response).batchItemFailures ?? []).map((item) => item.itemIdentifier);
    const stranger = failures.find((id) => !ids.has(id));
    if (stranger !== undefined)
      throw new Error(`The function reported that "${stranger}" failed, which was not in its batch.`);
    return new Set(failures);
  } catch (error) {
    options.onTrouble(toError(error));
    return ids;
  }
}

async function deleteAll({ sqs, queueUrl }: PollerOptions, records: readonly SQSRecord[]): Promise<void> {
  for (let start = 0; start < records.length; start += MOST_PER_CALL) {
    const entries = records
      .slice(start, start + MOST_PER_CALL)
      .map((record, index) => ({ Id: String(index), ReceiptHandle: record.receiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
  }
}
