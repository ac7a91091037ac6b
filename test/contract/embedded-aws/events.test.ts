/** The bus and the table's stream that the announcer is tested on behave as AWS's documents say. */
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { DynamoDBStreamEvent } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { tableChanges } from "../../embedded-aws/aws/dynalite-mends.ts";
import { readThrough } from "../../embedded-aws/aws/queues.ts";
import { startSqs } from "../../embedded-aws/aws/sqs.ts";
import { type EventBus, startEventBus } from "../../embedded-aws/events/event-bus.ts";
import { matches } from "../../embedded-aws/events/pattern.ts";
import { startStreamReader, TableStream } from "../../embedded-aws/events/table-stream.ts";
import { until } from "../../embedded-aws/until.ts";

const KIB = 1024;
const cleanup = new AsyncDisposableStack();
let bus: EventBus;
let client: EventBridgeClient;
let sqs: SQSClient;

beforeAll(async () => {
  const common = { region: "us-east-1", credentials: { accessKeyId: "local", secretAccessKey: "local" } };
  const queues = await startSqs();
  cleanup.defer(async () => queues.stop());
  sqs = new SQSClient({ ...common, endpoint: queues.endpoint });
  bus = await startEventBus({ sqs });
  cleanup.defer(async () => bus.stop());
  client = new EventBridgeClient({ ...common, endpoint: bus.endpoint, maxAttempts: 1 });
  cleanup.defer(() => client.destroy());
});
afterAll(async () => cleanup.disposeAsync());

const entry = (detail: unknown, type = "T") => ({
  EventBusName: "b",
  Source: "s",
  DetailType: type,
  Detail: JSON.stringify(detail),
});

describe("the embedded event bus", () => {
  it.each([
    { what: "eleven entries", entries: Array.from({ length: 11 }, () => entry({})) },
    { what: "256 KiB of entries", entries: [entry("x".repeat(128 * KIB)), entry("x".repeat(128 * KIB))] },
  ])("refuses a request of $what as a whole", async ({ entries }) => {
    const before = bus.taken.length;
    await expect(client.send(new PutEventsCommand({ Entries: entries }))).rejects.toThrow(
      /ValidationException|entries/,
    );
    expect(bus.taken.length).toBe(before);
  });

  it("sends an event to the queue of each rule that it matches, and bills each 64 KiB", async () => {
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "matching" }));
    bus.addRule({ "detail-type": ["T"], detail: { kind: ["wanted"] } }, QueueUrl);
    const before = bus.billedEvents();
    const Entries = [entry({ kind: "wanted" }), entry({ kind: "other" }), entry("x".repeat(65 * KIB))];
    expect((await client.send(new PutEventsCommand({ Entries }))).FailedEntryCount).toBe(0);
    expect(bus.billedEvents() - before).toBe(4);
    const bodies = (await readThrough(sqs, QueueUrl)).map(({ body }) => JSON.parse(body) as unknown);
    expect(bodies).toEqual([expect.objectContaining({ source: "s", "detail-type": "T", detail: { kind: "wanted" } })]);
  });
});

describe("an event pattern", () => {
  const work = { detail: { announcements: { work_id: ["a"], state: ["INDEXED"] } } };
  it.each([
    { pattern: { a: [1, 2] }, value: { a: 2 }, isMatch: true },
    { pattern: { a: [1] }, value: { b: 1 }, isMatch: false },
    { pattern: { a: [{ prefix: "x" }] }, value: { a: "xy" }, isMatch: true },
    { pattern: { a: [{ "anything-but": ["x"] }] }, value: { a: "y" }, isMatch: true },
    { pattern: { a: [{ "anything-but": ["x"] }] }, value: {}, isMatch: false },
    { pattern: { a: ["x"] }, value: { a: ["y", "x"] }, isMatch: true },
    {
      pattern: work,
      value: { detail: { announcements: [{ work_id: "b" }, { work_id: "a", state: "INDEXED" }] } },
      isMatch: true,
    },
    // Array consistency: no single element matches.
    {
      pattern: work,
      value: {
        detail: {
          announcements: [
            { work_id: "a", state: "DEDUPED" },
            { work_id: "b", state: "INDEXED" },
          ],
        },
      },
      isMatch: false,
    },
  ])("$pattern and $value: $isMatch", ({ pattern, value, isMatch }) => {
    expect(matches(pattern, value)).toBe(isMatch);
  });

  it("with an operator that we do not use is an error", () => {
    expect(() => matches({ a: [{ numeric: [">", 0] }] }, { a: 1 })).toThrow("Unknown filter operator: numeric");
  });
});

describe("the reader of a table's stream", () => {
  const SOURCE = {
    arn: "arn",
    batchSize: 4,
    batchingWindowMs: 0,
    reportsPartialFailures: true,
    bisectsBatches: true,
    filters: [{ dynamodb: { NewImage: { state: { S: ["END"] } } } }],
  };

  /** @returns the numbers that each invocation got. */
  async function read(
    count: number,
    answer: (numbers: readonly string[], nth: number) => unknown,
    losesCheckpoint?: (nth: number) => boolean,
  ): Promise<readonly (readonly string[])[]> {
    const stream = new TableStream("t");
    onTestFinished(() => stream[Symbol.dispose]());
    for (let n = 0; n < count; n++) {
      const change = { table: "t", before: undefined, after: { pk: { S: `${n}` }, state: { S: "END" } } };
      for (const listen of tableChanges) listen(change);
      for (const listen of tableChanges) listen({ ...change, after: { pk: { S: "no" }, state: { S: "OPEN" } } });
      for (const listen of tableChanges) listen({ ...change, table: "another" });
    }
    const got: (readonly string[])[] = [];
    const reader = startStreamReader({
      stream,
      source: SOURCE,
      ...(losesCheckpoint && { losesCheckpoint }),
      invoke: async ({ Records }: DynamoDBStreamEvent) => {
        const numbers = Records.map(({ dynamodb }) => dynamodb?.NewImage?.["pk"]?.S ?? "");
        got.push(numbers);
        const failedAt = answer(numbers, got.length);
        if (failedAt instanceof Error) throw failedAt;
        const failed = typeof failedAt === "number" ? Records[failedAt]?.dynamodb?.SequenceNumber : failedAt;
        return { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }] };
      },
    });
    onTestFinished(async () => reader.stop());
    await until("the stream is read", 20_000, async () =>
      reader.checkpoint() === stream.records.length ? undefined : String(reader.checkpoint()),
    );
    return got;
  }

  it("passes on what its filter lets through, in order, in batches", async () => {
    expect(await read(6, () => undefined)).toEqual([
      ["0", "1", "2", "3"],
      ["4", "5"],
    ]);
  });

  it("goes on from the record that is reported as failed", async () => {
    expect(await read(3, (_, nth) => (nth === 1 ? 1 : undefined))).toEqual([
      ["0", "1", "2"],
      ["1", "2"],
    ]);
  });

  it.each([
    { what: "that throws", answer: new Error("no") },
    { what: "that reports a record which is not in it", answer: "99" },
  ])("halves a batch $what", async ({ answer }) => {
    expect(await read(4, (_, nth) => (nth === 1 ? answer : undefined))).toEqual([
      ["0", "1", "2", "3"],
      ["0", "1"],
      ["2", "3"],
    ]);
  });

  it("repeats a batch whose checkpoint is lost", async () => {
    expect(
      await read(
        2,
        () => undefined,
        (nth) => nth === 1,
      ),
    ).toEqual([
      ["0", "1"],
      ["0", "1"],
    ]);
  });
});
