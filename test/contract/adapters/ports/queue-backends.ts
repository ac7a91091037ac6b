import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { sqsQueue } from "../../../../adapters/aws/sqs.ts";
import { startSqs } from "../../../embedded-aws/aws/sqs.ts";
import { MAX_RECEIVES, VISIBILITY_S, type QueueUnderTest } from "./backends.ts";
import { sqliteQueue } from "./local-backends.ts";
import { SimulatedQueue } from "../../../simulation/services/queue.ts";
import { VirtualTime } from "../../../simulation/services/time.ts";

const external = process.env["AWS_ENDPOINT_URL"];

/** Every implementation that this machine can run, and the one at AWS_ENDPOINT_URL if it is set. */
export const queueBackends: Readonly<Record<string, () => Promise<QueueUnderTest>>> = {
  "the simulated queue": async () => simulated(),
  "the embedded SQS": async () => {
    const service = await startSqs();
    return onSqs(service.endpoint, async () => service.stop());
  },
  "the queue in SQLite": sqliteQueue,
  ...(external !== undefined && { [external]: async () => onSqs(external, async () => undefined) }),
};

function simulated(): QueueUnderTest {
  const time = new VirtualTime();
  const queue = new SimulatedQueue(time, { visibilityMs: VISIBILITY_S * 1000, maxReceives: MAX_RECEIVES });
  return {
    queue: queue.portOf("short"),
    receive: async () => queue.receive(10),
    delete: async (receipt) => queue.delete(receipt),
    deadLetters: async () => queue.deadLetters,
    async wait(seconds) {
      time.nowMs += seconds * 1000;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function onSqs(endpoint: string, stop: () => Promise<void>): Promise<QueueUnderTest> {
  const client = new SQSClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const name = `contract-${randomBytes(6).toString("hex")}`;
  const create = async (QueueName: string, Attributes: Record<string, string> = {}): Promise<string> =>
    String((await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl);
  const deadLetterQueueUrl = await create(`${name}-dead`);
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterQueueUrl, AttributeNames: ["QueueArn"] }),
  );
  const redrive = { deadLetterTargetArn: Attributes?.["QueueArn"], maxReceiveCount: MAX_RECEIVES };
  const queueUrl = await create(name, {
    VisibilityTimeout: String(VISIBILITY_S),
    RedrivePolicy: JSON.stringify(redrive),
  });
  const receive = async (QueueUrl: string) => {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["ApproximateReceiveCount"],
      MessageAttributeNames: ["reason"],
    });
    return (await client.send(command)).Messages ?? [];
  };
  return {
    queue: sqsQueue(client, { queueUrl, longQueueUrl: queueUrl, deadLetterQueueUrl }),
    receive: async () =>
      (await receive(queueUrl)).map(({ Attributes: system, Body, ReceiptHandle }) => ({
        body: String(Body),
        receipt: String(ReceiptHandle),
        receives: Number(system?.ApproximateReceiveCount),
      })),
    async delete(ReceiptHandle) {
      await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
    },
    deadLetters: async () =>
      (await receive(deadLetterQueueUrl)).map(({ Body, MessageAttributes }) => ({
        body: String(Body),
        reason: MessageAttributes?.["reason"]?.StringValue,
      })),
    wait: async (seconds) => sleep(seconds * 1000 + 100),
    async [Symbol.asyncDispose]() {
      for (const QueueUrl of [queueUrl, deadLetterQueueUrl]) await client.send(new DeleteQueueCommand({ QueueUrl }));
      client.destroy();
      await stop();
    },
  };
}
