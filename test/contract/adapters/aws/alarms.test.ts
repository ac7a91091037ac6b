/**
 * None of the embedded emulators has alarms. A server that gives CloudWatch's answers takes its place and records the
 * requests.
 */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { cloudWatchAlarms } from "../../../../adapters/aws/alarms.ts";
import type { Alarms } from "../../../../core/ports/alarms.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";

const SINCE_S = 1_790_000_000.5;
const UPDATED_S = SINCE_S + 60;
const composite = {
  AlarmName: "slo",
  StateValue: "OK",
  StateTransitionedTimestamp: SINCE_S,
  StateUpdatedTimestamp: UPDATED_S,
};
const metric = { AlarmName: "errors", StateValue: "ALARM", StateUpdatedTimestamp: UPDATED_S };

let server: Server;
let client: CloudWatchClient;
let alarms: Alarms;
let asked: { headers: IncomingHttpHeaders; body: unknown }[] = [];
let answer: { status: number; body: object };

beforeAll(async () => {
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      asked.push({ headers: request.headers, body: JSON.parse(Buffer.concat(pieces).toString()) });
      response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify(answer.body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  client = new CloudWatchClient({
    endpoint: loopbackEndpoint(server),
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    region: "us-east-1",
    maxAttempts: 1,
  });
  alarms = cloudWatchAlarms(client, ["errors", "slo"]);
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  client.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

it("CloudWatch alarms of both kinds are read by name in one request, with the time of their last transition", async () => {
  answer = { status: 200, body: { CompositeAlarms: [composite], MetricAlarms: [metric] } };
  expect(await alarms.states()).toEqual([
    { name: "errors", state: "ALARM", sinceMs: UPDATED_S * 1000 },
    { name: "slo", state: "OK", sinceMs: SINCE_S * 1000 },
  ]);
  expect(asked).toEqual([
    {
      headers: expect.objectContaining({ "x-amz-target": "GraniteServiceVersion20100801.DescribeAlarms" }),
      body: { AlarmNames: ["errors", "slo"], AlarmTypes: ["CompositeAlarm", "MetricAlarm"] },
    },
  ]);
});

it.each([
  ["a missing alarm", { CompositeAlarms: [composite] }, "CloudWatch has no alarm errors"],
  [
    "an alarm without a time",
    { CompositeAlarms: [composite, { AlarmName: "errors", StateValue: "OK" }] },
    "no state of it",
  ],
  ["an answer without alarms", {}, "CloudWatch has no alarm errors"],
  [
    "an alarm without a state",
    { CompositeAlarms: [composite], MetricAlarms: [{ AlarmName: "errors" }] },
    "no state of it",
  ],
])("reading CloudWatch alarms fails on %s", async (_what, body, sentence) => {
  answer = { status: 200, body };
  await expect(alarms.states()).rejects.toThrow(sentence);
});

it("reading CloudWatch alarms fails with CloudWatch's own error if it refuses", async () => {
  answer = { status: 400, body: { __type: "com.amazonaws.cloudwatch#AccessDenied", message: "not allowed" } };
  await expect(alarms.states()).rejects.toThrow("not allowed");
});
