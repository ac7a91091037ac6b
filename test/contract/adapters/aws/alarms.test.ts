import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { cloudWatchAlarms } from "../../../../adapters/aws/alarms.ts";
import type { Alarms } from "../../../../core/ports/alarms.ts";
import { startCloudWatchAnswers, type CloudWatchAnswers } from "./cloudwatch-answers.ts";

const SINCE_S = 1_790_000_000.5;
const UPDATED_S = SINCE_S + 60;
const composite = {
  AlarmName: "slo",
  StateValue: "OK",
  StateTransitionedTimestamp: SINCE_S,
  StateUpdatedTimestamp: UPDATED_S,
};
const metric = { AlarmName: "errors", StateValue: "ALARM", StateUpdatedTimestamp: UPDATED_S };

let cloudWatch: CloudWatchAnswers;
let alarms: Alarms;

beforeAll(async () => {
  cloudWatch = await startCloudWatchAnswers();
  alarms = cloudWatchAlarms(cloudWatch.client, ["errors", "slo"]);
});
beforeEach(() => {
  cloudWatch.asked.length = 0;
});
afterAll(async () => cloudWatch[Symbol.asyncDispose]());

it("CloudWatch alarms of both kinds are read by name in one request, with the time of their last transition", async () => {
  cloudWatch.answer = { status: 200, body: { CompositeAlarms: [composite], MetricAlarms: [metric] } };
  expect(await alarms.states()).toEqual([
    { name: "errors", state: "ALARM", sinceMs: UPDATED_S * 1000 },
    { name: "slo", state: "OK", sinceMs: SINCE_S * 1000 },
  ]);
  expect(cloudWatch.asked).toEqual([
    {
      target: "GraniteServiceVersion20100801.DescribeAlarms",
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
  cloudWatch.answer = { status: 200, body };
  await expect(alarms.states()).rejects.toThrow(sentence);
});

it("reading CloudWatch alarms fails with CloudWatch's own error if it refuses", async () => {
  cloudWatch.answer = {
    status: 400,
    body: { __type: "com.amazonaws.cloudwatch#AccessDenied", message: "not allowed" },
  };
  await expect(alarms.states()).rejects.toThrow("not allowed");
});
