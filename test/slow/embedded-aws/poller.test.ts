import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedService } from "../../../local/shared/loopback.ts";
import { startPoller } from "../../embedded-aws/lambda/poller.ts";
import type { PollerOptions } from "../../embedded-aws/lambda/poller.ts";
import { depthOf, readThrough, sendAll } from "../../embedded-aws/aws/queues.ts";
import type { QueueDepth } from "../../embedded-aws/aws/queues.ts";
import { startSqs } from "../../embedded-aws/aws/sqs.ts";

const ARN = "arn:aws:sqs:us-east-1:000000000000:jobs";
const SOURCE = { arn: ARN, batchSize: 10, batchingWindowMs: 0, reportsPartialFailures: true };
const HIDDEN_FOR_LONG = "600";

let service: EmbeddedService;
let sqs: SQSClient;
let queueUrl = "";
let queues = 0;

beforeAll(async () => {
  service = await startSqs();
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
  queueUrl = await queueHiding(HIDDEN_FOR_LONG);
});

async function queueHiding(seconds: string): Promise<string> {
  queues += 1;
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: `jobs-${queues}`, Attributes: { VisibilityTimeout: seconds } }),
  );
  return String(QueueUrl);
}

const bodies = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ n: index, url: "https://files.example/a" }));

interface Polled {
  readonly events: SQSEvent[];
  readonly trouble: string[];
  readonly depth: QueueDepth;
}

/** Polls until `enough` invocations have been made, then stops. */
async function poll(
  answer: (event: SQSEvent) => unknown,
  options: Partial<PollerOptions> = {},
  enough = 1,
): Promise<Polled> {
  const events: SQSEvent[] = [];
  const trouble: string[] = [];
  const poller = startPoller({
    sqs,
    queueUrl,
    source: SOURCE,
    concurrency: 1,
    invoke: async (event) => {
      events.push(event);
      return answer(event);
    },
    onTrouble: (error) => trouble.push(error.message),
    ...options,
  });
  while (events.length < enough) await sleep(5);
  await poller.stop();
  return { events, trouble, depth: await depthOf(sqs, queueUrl) };
}

const idOf = (event: SQSEvent, position: number): string => event.Records[position]?.messageId ?? "";

describe("the event source poller", () => {
  it("passes the function an event with the fields that Lambda sends", async () => {
    const [body = ""] = bodies(1);
    await sendAll(sqs, queueUrl, [body]);
    const { events } = await poll(() => undefined);
    expect(events).toEqual([
      {
        Records: [
          {
            messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            receiptHandle: expect.stringMatching(/./),
            body,
            attributes: {
              ApproximateReceiveCount: "1",
              SentTimestamp: expect.stringMatching(/^\d{13}$/),
              SenderId: "000000000000",
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
            },
            messageAttributes: {},
            md5OfBody: createHash("md5").update(body).digest("hex"),
            eventSource: "aws:sqs",
            eventSourceARN: ARN,
            awsRegion: "us-east-1",
          },
        ],
      },
    ]);
  });

  it.each([
    { response: "nothing", answer: () => undefined, left: 0 },
    { response: "null", answer: () => null, left: 0 },
    { response: "no failures", answer: () => ({ batchItemFailures: [] }), left: 0 },
    { response: "an object without failures", answer: () => ({}), left: 0 },
    {
      response: "one failure",
      answer: (event: SQSEvent) => ({ batchItemFailures: [{ itemIdentifier: idOf(event, 1) }] }),
      left: 1,
    },
    {
      response: "an id that is not in the batch",
      answer: () => ({ batchItemFailures: [{ itemIdentifier: "x" }] }),
      left: 3,
    },
    { response: "an entry without an id", answer: () => ({ batchItemFailures: [{ id: "x" }] }), left: 3 },
    { response: "a string", answer: () => "done", left: 3 },
    {
      response: "an error",
      answer: () => {
        throw new Error("the worker was ended by SIGKILL");
      },
      left: 3,
    },
  ])("keeps $left of 3 messages when the function answers with $response", async ({ answer, left }) => {
    await sendAll(sqs, queueUrl, bodies(3));
    const { depth, trouble } = await poll(answer);
    expect(depth).toEqual({ visible: 0, inFlight: left, delayed: 0 });
    expect(trouble).toHaveLength(left === 3 ? 1 : 0);
  });

  it("ignores the answer of a function that does not report partial failures", async () => {
    await sendAll(sqs, queueUrl, bodies(1));
    const { depth } = await poll((event) => ({ batchItemFailures: [{ itemIdentifier: idOf(event, 0) }] }), {
      source: { ...SOURCE, reportsPartialFailures: false },
    });
    expect(depth.inFlight).toBe(0);
  });

  it("delivers a failed message again when its visibility timeout ends, with a higher receive count", async () => {
    queueUrl = await queueHiding("1");
    await sendAll(sqs, queueUrl, bodies(2));
    const { events, depth } = await poll(
      (event) => (event.Records.length === 2 ? { batchItemFailures: [{ itemIdentifier: idOf(event, 0) }] } : undefined),
      {},
      2,
    );
    const [first, second] = events;
    expect(second?.Records.map((record) => record.messageId)).toEqual([first?.Records[0]?.messageId]);
    expect(second?.Records[0]?.attributes.ApproximateReceiveCount).toBe("2");
    expect(depth).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it("takes at most the batch size into a batch", async () => {
    await sendAll(sqs, queueUrl, bodies(5));
    const { events } = await poll(() => undefined, { source: { ...SOURCE, batchSize: 2 } }, 3);
    expect(events.map((event) => event.Records.length)).toEqual([2, 2, 1]);
  });

  it("fills a batch of more than ten messages, SQS's limit per receive, within the batching window", async () => {
    await sendAll(sqs, queueUrl, bodies(15));
    const { events } = await poll(() => undefined, { source: { ...SOURCE, batchSize: 15, batchingWindowMs: 60_000 } });
    expect(events.map((event) => event.Records.length)).toEqual([15]);
  });

  it("runs as many batches at once as it has workers", async () => {
    await sendAll(sqs, queueUrl, bodies(2));
    const both = Promise.withResolvers<void>();
    let running = 0;
    const { events } = await poll(
      async () => {
        running += 1;
        if (running === 2) both.resolve();
        await both.promise;
      },
      { concurrency: 2, source: { ...SOURCE, batchSize: 1 } },
      2,
    );
    expect(events).toHaveLength(2);
  });

  it("lets a running invocation end when it is stopped, and deletes its messages", async () => {
    await sendAll(sqs, queueUrl, bodies(1));
    const { depth } = await poll(async () => sleep(100));
    expect(depth).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it("reports a queue that does not exist, and can still be stopped", async () => {
    const trouble = Promise.withResolvers<Error>();
    const poller = startPoller({
      sqs,
      queueUrl: `${service.endpoint}/000000000000/nowhere`,
      source: SOURCE,
      concurrency: 1,
      invoke: async () => undefined,
      onTrouble: trouble.resolve,
    });
    expect((await trouble.promise).message).toMatch(/queue does not exist/i);
    await poller.stop();
  });
});

describe("readThrough", () => {
  it("returns every message of a queue once, and leaves all of them visible", async () => {
    await sendAll(sqs, queueUrl, bodies(13));
    const read = await readThrough(sqs, queueUrl);
    expect(new Set(read.map((letter) => letter.body))).toEqual(new Set(bodies(13)));
    expect(read).toHaveLength(13);
    expect(await depthOf(sqs, queueUrl)).toEqual({ visible: 13, inFlight: 0, delayed: 0 });
  });
});
