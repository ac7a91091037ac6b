/** The event bus adapter against a server that gives EventBridge's answers and records the requests. */
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventBridgeBus } from "../../../../adapters/aws/event-bus.ts";
import type { AnnouncementBus, BusEvent } from "../../../../core/ports/announcement-bus.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";

interface Entry {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
}

const accept = (entries: readonly Entry[]): object => ({
  FailedEntryCount: 0,
  Entries: entries.map((_, index) => ({ EventId: String(index) })),
});

let server: Server;
let client: EventBridgeClient;
let bus: AnnouncementBus;
let asked: { readonly target: string; readonly entries: readonly Entry[] }[] = [];
let answer: (entries: readonly Entry[], nth: number) => object = accept;

async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { Entries: entries } = JSON.parse(await text(request)) as { Entries: Entry[] };
  asked.push({ target: String(request.headers["x-amz-target"]), entries });
  response.setHeader("content-type", "application/x-amz-json-1.1");
  response.end(JSON.stringify(answer(entries, asked.length)));
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void reply(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  client = new EventBridgeClient({
    endpoint: loopbackEndpoint(server),
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
  bus = eventBridgeBus(client, "announcements");
});
beforeEach(() => {
  asked = [];
  answer = accept;
});
afterAll(async () => {
  client.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

const eventOf = (id: number, said = ""): BusEvent => ({
  source: "fetchonce",
  type: "Artifact Stored",
  detail: JSON.stringify({ id, said }),
});
const events = (count: number, said?: string): BusEvent[] =>
  Array.from({ length: count }, (_, id) => eventOf(id, said));
/** `{"id":0,"said":""}`, the source and the type. */
const EMPTY_BYTES = 18 + 9 + 15;

describe("the event bus adapter", () => {
  it("sends each event as one entry with its source, type and detail", async () => {
    expect(await bus.publish([eventOf(7)])).toEqual({ taken: 1 });
    expect(asked).toEqual([
      {
        target: "AWSEvents.PutEvents",
        entries: [
          {
            EventBusName: "announcements",
            Source: "fetchonce",
            DetailType: "Artifact Stored",
            Detail: JSON.stringify({ id: 7, said: "" }),
          },
        ],
      },
    ]);
  });

  it.each([
    { what: "ten per request", given: events(23), batches: [10, 10, 3] },
    {
      what: "less than 256 KiB per request",
      given: events(5, "a".repeat(80_000)),
      batches: [3, 2],
    },
    {
      what: "two of 128 KiB in two requests",
      given: events(2, "a".repeat(131_072 - EMPTY_BYTES)),
      batches: [1, 1],
    },
    {
      what: "two of almost 128 KiB in one request",
      given: events(2, "a".repeat(131_071 - EMPTY_BYTES)),
      batches: [2],
    },
    {
      what: "a larger one in a request of its own",
      given: events(2, "ü".repeat(70_000)),
      batches: [1, 1],
    },
    { what: "without a request if there are none", given: [], batches: [] },
  ])("sends events in order, $what", async ({ given, batches }) => {
    expect(await bus.publish(given)).toEqual({ taken: given.length });
    expect(asked.map(({ entries }) => entries.length)).toEqual(batches);
    const details = asked.flatMap(({ entries }) => entries.map(({ Detail }) => Detail));
    expect(details).toEqual(given.map(({ detail }) => detail));
  });

  const refusing = (nth: number, places: readonly number[]) => (entries: readonly Entry[], call: number) =>
    call === nth
      ? {
          FailedEntryCount: places.length,
          Entries: entries.map((_, at) =>
            places.includes(at) ? { ErrorCode: "ThrottlingException" } : { EventId: "e" },
          ),
        }
      : accept(entries);

  it.each([
    { nth: 1, places: [0], taken: 0 },
    { nth: 1, places: [4, 2], taken: 2 },
    { nth: 2, places: [0, 1], taken: 10 },
    { nth: 2, places: [9], taken: 19 },
  ])(
    "counts the events taken before the first refusal: entries $places of request $nth are refused",
    async ({ nth, places, taken }) => {
      answer = refusing(nth, places);
      expect(await bus.publish(events(23))).toEqual({ taken, refusal: "ThrottlingException" });
      expect(asked.length).toBe(nth);
    },
  );

  it("counts no event of a request as taken if some failed but the answer does not say which", async () => {
    answer = () => ({ FailedEntryCount: 1 });
    expect(await bus.publish(events(3))).toEqual({ taken: 0, refusal: "unnamed" });
  });

  it("fails if the bus does not answer", async () => {
    answer = () => {
      server.closeAllConnections();
      return {};
    };
    await expect(bus.publish(events(1))).rejects.toThrow("socket hang up");
  });
});
