/** The real functions that read the table's stream, as Lambda imports them, while what they write to refuses. */
import type { DynamoDBRecord } from "aws-lambda";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";
import { embeddedMetrics, valuesOf } from "../../embedded-metrics.ts";
import { faultOfLine } from "../../event-check.ts";
import { INVOCATION } from "../../invocation.ts";
import { fileOrigin, MESSAGE, world } from "../../simulation/world.ts";
import { streamRecord } from "../../stream-event.ts";

let server: Server;
let written: string;

beforeEach(async () => {
  server = createServer((request, response) => {
    const isJson = request.headers["x-amz-target"] !== undefined;
    const answer = isJson ? '{"__type":"AccessDeniedException"}' : "<Error><Code>AccessDenied</Code></Error>";
    request.resume().on("end", () => response.writeHead(403).end(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const variables = {
    AWS_ENDPOINT_URL: loopbackEndpoint(server),
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "id",
    AWS_SECRET_ACCESS_KEY: "secret",
    ENVIRONMENT_NAME: "test",
    EVENT_BUS_NAME: "bus",
    ANNOUNCEMENTS: "single",
    CONTENT_BUCKET: "content",
    ARCHIVE_BUCKET: "archive",
    DEAD_LETTER_QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/1/dead",
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  written = "";
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    written += String(chunk);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

async function changes(): Promise<readonly DynamoDBRecord[]> {
  const w = world();
  w.serve(fileOrigin(Buffer.from("body")));
  await w.deliver();
  return w.items.history.map((change, at) => streamRecord({ ...change, at }));
}

function told(): readonly [events: readonly object[], values: ReturnType<typeof valuesOf>] {
  const lines = written
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const events = lines.filter((line) => "event" in line);
  expect(events.map(faultOfLine)).toEqual(events.map(() => undefined));
  return [events, valuesOf(lines.filter((line) => "_aws" in line).map((line) => embeddedMetrics.parse(line)))];
}

describe("a batch of the stream that is refused is told of, and delivered again", () => {
  it("by the announcer, if the bus refuses", async () => {
    const { handler } = await import("../../../lambdas/announcer/handler.ts");
    await expect(handler({ Records: [...(await changes())] }, INVOCATION)).rejects.toThrow("UnknownError");
    const [events, values] = told();
    expect(events).toMatchObject([
      { event: "delivery_failed", component: "announcer", error_class: "unexpected:AccessDeniedException" },
    ]);
    expect(values).toEqual({ "DeliveriesFailed in Count": [1] });
  });

  it("by the archiver, if S3 refuses", async () => {
    const { handler } = await import("../../../lambdas/archiver/handler.ts");
    const expired = streamRecord({ before: { pk: "JOB#1", state: "INDEXED" }, isExpiry: true });
    await expect(handler({ Records: [expired] }, INVOCATION)).rejects.toThrow("UnknownError");
    const [events, values] = told();
    expect(events).toMatchObject([
      { event: "delivery_failed", component: "archiver", error_class: "unexpected:AccessDenied" },
    ]);
    expect(values).toEqual({ "DeliveriesFailed in Count": [1] });
  });
});

it("a job's first message leads to one delivery that no event of trouble follows", async () => {
  const w = world();
  w.serve(fileOrigin(Buffer.from("body")));
  await w.deliver(MESSAGE);
  expect(w.events.filter(({ event }) => event === "delivery_failed" || event === "clock_off")).toEqual([]);
});
