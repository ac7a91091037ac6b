import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
  type Message,
  type SQSClientConfig,
} from "@aws-sdk/client-sqs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isArnOf, sqsInbox, sqsQueue } from "../../../../adapters/aws/sqs.ts";
import { RetryableError } from "../../../../core/model/errors.ts";
import type { Queue } from "../../../../core/ports/queue.ts";
import { type EmbeddedService, loopbackEndpoint } from "../../../../local/shared/loopback.ts";
import { startSqs, type SqsRequest } from "../../../embedded-aws/aws/sqs.ts";

const configOf = (endpoint: string): SQSClientConfig => ({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});

it.each([
  ["arn:aws:sqs:us-east-1:1:app-urgent", "https://sqs.us-east-1.amazonaws.com/1/app-urgent", true],
  ["arn:aws:sqs:us-east-1:1:urgent", "https://sqs.us-east-1.amazonaws.com/1/app-urgent", false],
  ["arn:aws:sqs:us-east-1:1:app-work", "https://sqs.us-east-1.amazonaws.com/1/app-urgent", false],
  ["", "https://sqs.us-east-1.amazonaws.com/1/app-urgent", false],
])("the queue %s is at %s: %j", (arn, url, expected) => {
  expect(isArnOf(arn, url)).toBe(expected);
});

describe("Queue on the embedded SQS", () => {
  const requests: SqsRequest[] = [];
  let service: EmbeddedService;
  let client: SQSClient;
  let queue: Queue;
  let queueUrl = "";
  let longQueueUrl = "";
  let deadLetterQueueUrl = "";
  let made = 0;

  beforeAll(async () => {
    service = await startSqs((request) => requests.push(request));
    client = new SQSClient(configOf(service.endpoint));
  });
  afterAll(async () => {
    client.destroy();
    await service.stop();
  });
  beforeEach(async () => {
    made += 1;
    queueUrl = await createQueue(`jobs-${made}`);
    deadLetterQueueUrl = await createQueue(`dead-${made}`);
    longQueueUrl = await createQueue(`long-${made}`);
    queue = sqsQueue(client, { queueUrl, longQueueUrl, deadLetterQueueUrl });
    requests.length = 0;
  });

  const createQueue = async (name: string): Promise<string> => {
    const Attributes = { VisibilityTimeout: "600" };
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    return String(QueueUrl);
  };
  const receive = async (from: string, waitSeconds = 0): Promise<Message[]> => {
    const { Messages } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: from,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      }),
    );
    return Messages ?? [];
  };
  const receiveAll = async (from: string): Promise<Message[]> => {
    const all: Message[] = [];
    for (;;) {
      const some = await receive(from);
      if (some.length === 0) return all;
      all.push(...some);
    }
  };

  it("a worker's own inbox receives with the time of sending and the count of receives, and deletes", async () => {
    const before = Date.now();
    const bodies = Array.from({ length: 12 }, (_, n) => `message ${n}`);
    await queue.send(bodies.map((body) => ({ body, group: "origin.example" })));
    const inbox = sqsInbox(client, queueUrl);
    const received = [...(await inbox.receive(40)), ...(await inbox.receive(40))];
    expect(received.map(({ body }) => body).toSorted()).toEqual(bodies.toSorted());
    for (const { messageId, receiveCount, sentAtMs } of received) {
      expect([messageId.length > 0, receiveCount]).toEqual([true, 1]);
      expect(sentAtMs).toBeGreaterThanOrEqual(before);
    }
    expect(await inbox.receive(1)).toEqual([]);
    await inbox.delete(received.slice(1).map(({ receiptHandle }) => receiptHandle));
    const [kept] = received;
    await queue.hideFor(String(kept?.receiptHandle), 0);
    expect(await inbox.receive(10)).toMatchObject([{ messageId: kept?.messageId, receiveCount: 2 }]);
  });

  it("sends 25 messages in three batches", async () => {
    const bodies = Array.from({ length: 25 }, (_, index) => `message ${index}`);
    await queue.send(bodies.map((body) => ({ body, group: "origin.example" })));
    expect(requests).toEqual([1, 2, 3].map(() => ({ operation: "SendMessageBatch", status: 200 })));
    const received = await receiveAll(queueUrl);
    expect(received).toHaveLength(25);
    expect(new Set(received.map(({ Body }) => Body))).toEqual(new Set(bodies));
  });

  it("sends a message to the queue of the lane that it names, and any other to its own", async () => {
    await queue.send([
      { body: "short", group: "g" },
      { body: "long", group: "g", lane: "long" },
    ]);
    expect((await receiveAll(queueUrl)).map(({ Body }) => Body)).toEqual(["short"]);
    expect((await receiveAll(longQueueUrl)).map(({ Body }) => Body)).toEqual(["long"]);
  });

  it("sends no request for an empty list of messages", async () => {
    await queue.send([]);
    expect(requests).toEqual([]);
  });

  it("delivers a message again at once after hideFor 0 ms", async () => {
    await queue.send([{ body: "one", group: "g" }]);
    const [message] = await receive(queueUrl);
    expect(await receive(queueUrl)).toEqual([]);
    await queue.hideFor(String(message?.ReceiptHandle), 0);
    expect((await receive(queueUrl)).map(({ MessageId }) => MessageId)).toEqual([message?.MessageId]);
  });

  it("limits the time for which it hides a message to what SQS accepts", async () => {
    await queue.send([{ body: "one", group: "g" }]);
    const [message] = await receive(queueUrl);
    await queue.hideFor(String(message?.ReceiptHandle), 365 * 86_400_000);
    expect(requests.at(-1)).toEqual({ operation: "ChangeMessageVisibility", status: 200 });
    expect(await receive(queueUrl)).toEqual([]);
  });

  it("sends a message to the dead-letter queue with the reason as an attribute", async () => {
    await queue.sendToDeadLetters("not JSON", "message is no JSON");
    const [message] = await receive(deadLetterQueueUrl);
    expect(message?.Body).toBe("not JSON");
    expect(message?.MessageAttributes?.["reason"]).toMatchObject({
      DataType: "String",
      StringValue: "message is no JSON",
    });
    expect(await receive(queueUrl)).toEqual([]);
  });

  it("sends a reason that contains half a surrogate pair, as errors of JSON.parse do", async () => {
    await queue.sendToDeadLetters("not JSON", "Unexpected token '\uD83D'");
    const [message] = await receive(deadLetterQueueUrl);
    expect(message?.Body).toBe("not JSON");
    expect(message?.MessageAttributes?.["reason"]?.StringValue).toBe("Unexpected token '\uFFFD'");
  });
});

/** Uses a server that records requests and gives chosen answers: the embedded SQS neither stores nor answers these. */
describe("Queue on the wire", () => {
  const sent: {
    VisibilityTimeout?: number;
    Entries?: readonly { Id: string; MessageGroupId?: string; DelaySeconds?: number }[];
  }[] = [];
  let failed: object[] = [];
  let server: Server;
  let client: SQSClient;
  let queue: Queue;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const received: Buffer[] = [];
      request
        .on("data", (chunk: Buffer) => received.push(chunk))
        .on("end", () => {
          sent.push(JSON.parse(Buffer.concat(received).toString()) as (typeof sent)[number]);
          response.setHeader("content-type", "application/x-amz-json-1.0");
          response.end(JSON.stringify({ Failed: failed, Successful: [] }));
        });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const endpoint = loopbackEndpoint(server);
    client = new SQSClient({ ...configOf(endpoint), md5: false });
    queue = sqsQueue(client, {
      queueUrl: `${endpoint}/1/jobs`,
      longQueueUrl: `${endpoint}/1/long`,
      deadLetterQueueUrl: `${endpoint}/1/dead`,
    });
  });
  afterAll(async () => {
    client.destroy();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  beforeEach(() => {
    sent.length = 0;
    failed = [];
  });

  it.each([
    ["unchanged", "origin.example", "origin.example"],
    ["cut to the 128 characters that SQS accepts", "h".repeat(300), "h".repeat(128)],
  ])("sends the group as MessageGroupId, %s", async (_how, group, expected) => {
    await queue.send([{ body: "one", group }]);
    expect(sent.map(({ Entries }) => Entries?.map(({ MessageGroupId }) => MessageGroupId))).toEqual([[expected]]);
  });

  it.each([
    [-1, 0],
    [-5_000, 0],
    [-365 * 86_400_000, 0],
    [0, 0],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [41_400_000, 41_400],
    [41_400_001, 41_400],
    [12 * 3_600_000, 41_400],
    [365 * 86_400_000, 41_400],
    [Infinity, 41_400],
  ])("rounds a hiding time of %d ms up to whole seconds, from 0 s to 11.5 h: %i s", async (delayMs, seconds) => {
    await queue.hideFor("receipt", delayMs);
    expect(sent.map(({ VisibilityTimeout }) => VisibilityTimeout)).toEqual([seconds]);
  });

  it.each([
    [0, undefined],
    [1, 1],
    [1001, 2],
    [900_000, 900],
    [900_001, 900],
    [365 * 86_400_000, 900],
  ])("rounds a delay of %d ms up to whole seconds, up to the 15 minutes of SQS: %s s", async (delayMs, seconds) => {
    await queue.send([{ body: "one", group: "g", delayMs }]);
    expect(sent.map(({ Entries }) => Entries?.map(({ DelaySeconds }) => DelaySeconds))).toEqual([[seconds]]);
  });

  it("gives each message of a batch its own id", async () => {
    await queue.send(Array.from({ length: 12 }, () => ({ body: "same", group: "g" })));
    const ids = sent.map(({ Entries }) => new Set(Entries?.map(({ Id }) => Id)).size);
    expect(ids).toEqual([10, 2]);
  });

  it("throws a RetryableError if one entry is refused, and sends no further batch", async () => {
    failed = [{ Id: "1", Code: "InternalError", SenderFault: false }];
    const messages = Array.from({ length: 12 }, () => ({ body: "one", group: "g" }));
    const error: unknown = await queue.send(messages).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ reason: "queue_refused:InternalError", failureClass: "system" });
    expect(sent).toHaveLength(1);
  });
});
