import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import type { Message } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedService } from "../../../local/shared/loopback.ts";
import { startSqs } from "../../embedded-aws/aws/sqs.ts";
import type { SqsRequest } from "../../embedded-aws/aws/sqs.ts";

let service: EmbeddedService;
let sqs: SQSClient;
const requests: SqsRequest[] = [];
let deadLetterQueueUrl = "";
let queueUrl = "";
let queues = 0;

beforeAll(async () => {
  service = await startSqs((request) => requests.push(request));
  sqs = new SQSClient({
    endpoint: service.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
});
afterAll(async () => {
  sqs.destroy();
  await service.stop();
});
beforeEach(async () => {
  queues += 1;
  deadLetterQueueUrl = await createQueue(`dead-${queues}`, {});
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterQueueUrl, AttributeNames: ["QueueArn"] }),
  );
  queueUrl = await createQueue(`jobs-${queues}`, {
    VisibilityTimeout: "600",
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 2 }),
  });
});

async function createQueue(name: string, attributes: Record<string, string>): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return String(QueueUrl);
}

async function receive(from = queueUrl, waitSeconds = 0): Promise<Message[]> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: from,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    }),
  );
  return Messages ?? [];
}

async function giveBack(message: Message | undefined, seconds = 0): Promise<void> {
  await sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: queueUrl,
      ReceiptHandle: message?.ReceiptHandle,
      VisibilityTimeout: seconds,
    }),
  );
}

async function send(body: string, delaySeconds?: number): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, DelaySeconds: delaySeconds }));
}

describe("the embedded SQS, as far as the product uses it", () => {
  it("gives queues URLs at its own endpoint", async () => {
    expect(new URL(queueUrl).origin).toBe(service.endpoint);
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: `jobs-${queues}` }));
    expect(QueueUrl).toBe(queueUrl);
  });

  it("hides a received message from other receivers", async () => {
    await send("one");
    expect((await receive()).map((message) => message.Body)).toEqual(["one"]);
    expect(await receive()).toEqual([]);
  });

  it("delivers a message again at once if its visibility is set to 0, and counts its receives", async () => {
    await send("one");
    const [first] = await receive();
    await giveBack(first);
    const [second] = await receive();
    expect([first, second].map((message) => message?.Attributes?.ApproximateReceiveCount)).toEqual(["1", "2"]);
    expect(second?.MessageId).toBe(first?.MessageId);
  });

  it("delivers a message again when the visibility timeout that it was given ends", async () => {
    await send("one");
    const [message] = await receive();
    await giveBack(message, 1);
    expect(await receive()).toEqual([]);
    expect((await receive(queueUrl, 20)).map((returned) => returned.Body)).toEqual(["one"]);
  });

  it("moves a message to the dead-letter queue after maxReceiveCount receives", async () => {
    await send("poison");
    for (let receives = 0; receives < 2; receives++) await giveBack((await receive())[0]);
    expect(await receive()).toEqual([]);
    expect((await receive(deadLetterQueueUrl)).map((message) => message.Body)).toEqual(["poison"]);
  });

  it("never delivers a deleted message", async () => {
    await send("one");
    const [message] = await receive();
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message?.ReceiptHandle }));
    await expect(giveBack(message)).rejects.toThrow(/does not exist or is not available/);
    expect(await receive()).toEqual([]);
  });

  it("holds a delayed message back and counts it as delayed", async () => {
    await send("later", 1);
    expect(await receive()).toEqual([]);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["ApproximateNumberOfMessagesDelayed"] }),
    );
    expect(Attributes?.ApproximateNumberOfMessagesDelayed).toBe("1");
    expect((await receive(queueUrl, 20)).map((message) => message.Body)).toEqual(["later"]);
  });

  it("accepts a message group on a standard queue, without ordering by it", async () => {
    const bodies = ["a", "b", "c"];
    await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: bodies.map((body) => ({ Id: body, MessageBody: body, MessageGroupId: "one-host.example" })),
      }),
    );
    const received = await receive();
    expect(new Set(received.map((message) => message.Body))).toEqual(new Set(bodies));
    await giveBack(received[1]);
    expect((await receive()).map((message) => message.Body)).toEqual([received[1]?.Body]);
  });

  it("delivers message attributes", async () => {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: "one",
        MessageAttributes: { reason: { DataType: "String", StringValue: "not JSON" } },
      }),
    );
    const [message] = await receive();
    expect(message?.MessageAttributes?.["reason"]?.StringValue).toBe("not JSON");
  });

  it("ends a long poll when a message arrives", async () => {
    const waiting = receive(queueUrl, 20);
    await send("one");
    expect((await waiting).map((message) => message.Body)).toEqual(["one"]);
  });

  it("reports each request once, and a batch as one request", async () => {
    requests.length = 0;
    const bodies = ["a", "b", "c"];
    await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: bodies.map((body) => ({ Id: body, MessageBody: body })),
      }),
    );
    const received = await receive();
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: received.map((message, index) => ({ Id: String(index), ReceiptHandle: message.ReceiptHandle })),
      }),
    );
    expect(requests).toEqual([
      { operation: "SendMessageBatch", status: 200 },
      { operation: "ReceiveMessage", status: 200 },
      { operation: "DeleteMessageBatch", status: 200 },
    ]);
  });
});
