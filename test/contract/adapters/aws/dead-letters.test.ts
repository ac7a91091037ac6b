/** The dead-letter queue's port, and a redrive through it, on the embedded SQS. */
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sqsDeadLetterQueue } from "../../../../adapters/aws/dead-letters.ts";
import { sqsQueue } from "../../../../adapters/aws/sqs.ts";
import { RetryableError } from "../../../../core/model/errors.ts";
import type { DeadLetterQueue, Queue } from "../../../../core/ports/queue.ts";
import { redriveDeadLetters } from "../../../../core/recovery/redrive-dead-letters.ts";
import { type EmbeddedService, loopbackEndpoint } from "../../../../local/shared/loopback.ts";
import { startSqs } from "../../../embedded-aws/aws/sqs.ts";

const valid = (artifact: string): string =>
  JSON.stringify({ work_id: "work", artifact_id: artifact, url: "https://origin.example/file" });

const CONFIG = { region: "us-east-1", credentials: { accessKeyId: "local", secretAccessKey: "local" } };

let service: EmbeddedService;
let client: SQSClient;
let made = 0;
let queueUrl: string;
let deadLetterQueueUrl: string;
let queue: Queue;
let deadLetters: DeadLetterQueue;

beforeAll(async () => {
  service = await startSqs();
  client = new SQSClient({ ...CONFIG, endpoint: service.endpoint });
});
afterAll(async () => {
  client.destroy();
  await service.stop();
});
beforeEach(async () => {
  made += 1;
  const create = async (QueueName: string): Promise<string> =>
    String((await client.send(new CreateQueueCommand({ QueueName }))).QueueUrl);
  [queueUrl, deadLetterQueueUrl] = [await create(`work-${made}`), await create(`dead-${made}`)];
  queue = sqsQueue(client, { queueUrl, longQueueUrl: queueUrl, deadLetterQueueUrl });
  deadLetters = sqsDeadLetterQueue(client, deadLetterQueueUrl);
});

const bodiesIn = async (url: string): Promise<readonly string[]> => {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 60 }),
    );
    if (Messages.length === 0) return bodies.toSorted();
    bodies.push(...Messages.map(({ Body }) => String(Body)));
  }
};

describe("DeadLetterQueue on the embedded SQS", () => {
  it("returns letters with their reasons, and hides them until they are given back", async () => {
    await queue.sendToDeadLetters("not JSON", "no message");
    const received = await deadLetters.receive();
    expect(received).toMatchObject([{ body: "not JSON", reason: "no message" }]);
    expect(await deadLetters.receive()).toEqual([]);
    await deadLetters.giveBack(received);
    expect((await deadLetters.receive()).map(({ id }) => id)).toEqual(received.map(({ id }) => id));
  });

  it("deletes twelve letters, more than a single request takes", async () => {
    for (let index = 0; index < 12; index++) await queue.sendToDeadLetters(`letter ${index}`, "no message");
    const received = [...(await deadLetters.receive()), ...(await deadLetters.receive())];
    expect(received).toHaveLength(12);
    await deadLetters.delete(received);
    await deadLetters.giveBack(received);
    expect(await deadLetters.receive()).toEqual([]);
  });

  it("throws a RetryableError if SQS could not delete a letter", async () => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        response.setHeader("content-type", "application/x-amz-json-1.0");
        response.end(
          JSON.stringify({ Failed: [{ Id: "0", Code: "InternalError", SenderFault: false }], Successful: [] }),
        );
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const endpoint = loopbackEndpoint(server);
    const refusing = new SQSClient({ ...CONFIG, endpoint });
    const letter = { id: "m", body: "not JSON", receiptHandle: "r" };
    await expect(sqsDeadLetterQueue(refusing, `${endpoint}/1/dead`).delete([letter])).rejects.toThrow(RetryableError);
    refusing.destroy();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
});

it("a redrive of 25 dead letters sends the valid ones, keeps the others, and reports each once", async () => {
  const letters = Array.from({ length: 25 }, (_, index) => (index % 5 === 0 ? `poison ${index}` : valid(`a${index}`)));
  for (const letter of letters) await queue.sendToDeadLetters(letter, "whatever");
  const reported: string[] = [];
  await redriveDeadLetters(
    { deadLetters, queue },
    {
      isDryRun: false,
      onLetter: ({ body }, outcome) =>
        reported.push(`${body} ${typeof outcome === "string" ? outcome : outcome.problem.slice(0, 8)}`),
    },
  );
  const [poison, good] = [
    letters.filter((body) => body.startsWith("poison")),
    letters.filter((body) => body.startsWith("{")),
  ];
  expect(await bodiesIn(queueUrl)).toEqual(good.toSorted());
  expect(await bodiesIn(deadLetterQueueUrl)).toEqual(poison.toSorted());
  expect(reported.toSorted()).toEqual(
    [...good.map((body) => `${body} sent`), ...poison.map((body) => `${body} not JSON`)].toSorted(),
  );
});
