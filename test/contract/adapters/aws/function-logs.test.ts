import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { functionLogs, type FunctionLogs } from "../../../../adapters/aws/operators/function-logs.ts";
import { startCloudWatchAnswers, type CloudWatchAnswers } from "./cloudwatch-answers.ts";

let aws: CloudWatchAnswers;
let logs: FunctionLogs;
const end = new AsyncDisposableStack();

beforeAll(async () => {
  aws = end.use(await startCloudWatchAnswers());
  const options = {
    endpoint: aws.endpoint,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    region: "us-east-1",
    maxAttempts: 1,
  };
  const clients = [new CloudWatchLogsClient(options), new LambdaClient(options)] as const;
  for (const client of clients) end.defer(() => client.destroy());
  logs = functionLogs(...clients);
});
beforeEach(() => {
  aws.asked.length = 0;
});
afterAll(async () => end.disposeAsync());

const QUERY = { group: "/a/b", fromMs: 7, pattern: undefined, next: undefined };

describe("the logs of functions", () => {
  it("are in the group that the function's configuration names", async () => {
    aws.answer = { status: 200, body: { FunctionName: "worker", LoggingConfig: { LogGroup: "/logs/worker" } } };
    expect(await logs.groupOf("worker")).toBe("/logs/worker");
    expect(aws.asked).toEqual([{ target: "/2015-03-31/functions/worker/configuration", body: undefined }]);
  });

  it("come in pages, with the time and the id of each line", async () => {
    const events = [
      { eventId: "1", timestamp: 8, message: "one\n", logStreamName: "s" },
      { eventId: "2", timestamp: 9, logStreamName: "s" },
      { timestamp: 9, message: "three", logStreamName: "s" },
    ];
    aws.answer = { status: 200, body: { events, nextToken: "more" } };
    expect(await logs.page({ ...QUERY, pattern: "?warn", next: "from" })).toEqual({
      lines: [
        { id: "1", atMs: 8, text: "one" },
        { id: "2", atMs: 9, text: "" },
        { id: "s 9 three", atMs: 9, text: "three" },
      ],
      next: "more",
    });
    const body = { logGroupName: "/a/b", startTime: 7, filterPattern: "?warn", nextToken: "from" };
    expect(aws.asked).toEqual([{ target: "Logs_20140328.FilterLogEvents", body }]);
  });

  it("may hold nothing", async () => {
    aws.answer = { status: 200, body: {} };
    expect(await logs.page(QUERY)).toEqual({ lines: [], next: undefined });
  });

  it.each([
    { type: "ResourceNotFoundException", says: "There is no log group /a/b. Check whether the deployment has ended." },
    { type: "AccessDeniedException", says: "not for you" },
  ])("cannot be read, and the error says why: $type", async ({ says, type }) => {
    aws.answer = { status: 400, body: { __type: type, message: "not for you" } };
    await expect(logs.page(QUERY)).rejects.toThrow(says);
  });
});
