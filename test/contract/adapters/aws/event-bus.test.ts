/** The event bus adapter against a server that gives EventBridge's answers and records the requests. */
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventBridgeBus } from "../../../../adapters/aws/event-bus.ts";
import type { Announcement } from "../../../../core/model/announcement.ts";
import type { AnnouncementBus } from "../../../../core/ports/announcement-bus.ts";
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

const announcementOf = (id: number, url = "https://origin.example/file"): Announcement => ({
  schema_version: 1,
  id: String(id).padStart(32, "0"),
  work_id: "work",
  artifact_id: String(id),
  url,
  state: "INDEXED",
  sha256: "ab".repeat(32),
  bytes: 1,
  content_type: "text/plain",
  bucket: "content",
  key: "k",
  finished_at: "2026-11-25T08:00:00.000Z",
});
const announcements = (count: number, url?: string): Announcement[] =>
  Array.from({ length: count }, (_, id) => announcementOf(id, url));

describe("the event bus adapter", () => {
  it("sends each announcement as one event with our source and detail type", async () => {
    expect(await bus.publish([announcementOf(7)])).toEqual({ taken: 1 });
    expect(asked).toEqual([
      {
        target: "AWSEvents.PutEvents",
        entries: [
          {
            EventBusName: "announcements",
            Source: "fetchonce",
            DetailType: "Artifact Stored",
            Detail: JSON.stringify(announcementOf(7)),
          },
        ],
      },
    ]);
  });

  it.each([
    { what: "ten per request", given: announcements(23), batches: [10, 10, 3] },
    {
      what: "at most 256 KiB per request",
      given: announcements(5, `https://x/${"a".repeat(80_000)}`),
      batches: [3, 2],
    },
    {
      what: "a larger one in a request of its own",
      given: announcements(2, `https://x/${"ü".repeat(150_000)}`),
      batches: [1, 1],
    },
    { what: "without a request if there are none", given: [], batches: [] },
  ])("sends announcements in order, $what", async ({ given, batches }) => {
    expect(await bus.publish(given)).toEqual({ taken: given.length });
    expect(asked.map(({ entries }) => entries.length)).toEqual(batches);
    const details = asked.flatMap(({ entries }) => entries.map(({ Detail }) => JSON.parse(Detail) as unknown));
    expect(details).toEqual(given);
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
      expect(await bus.publish(announcements(23))).toEqual({ taken, refusal: "ThrottlingException" });
      expect(asked.length).toBe(nth);
    },
  );

  it("counts no event of a request as taken if some failed but the answer does not say which", async () => {
    answer = () => ({ FailedEntryCount: 1 });
    expect(await bus.publish(announcements(3))).toEqual({ taken: 0, refusal: "unnamed" });
  });

  it("fails if the bus does not answer", async () => {
    answer = () => {
      server.closeAllConnections();
      return {};
    };
    await expect(bus.publish(announcements(1))).rejects.toThrow("socket hang up");
  });
});
