import { systemClock } from "../../../../adapters/node/clock.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cloudWatchReport } from "../../../../adapters/aws/operators/insight-report.ts";
import { type Operated, operated } from "../../../unit/cli/operated.ts";
import { startCloudWatchAnswers, type CloudWatchAnswers } from "./cloudwatch-answers.ts";

/** Half a minute past 08:00. */
const NOW_MS = Date.parse("2026-11-28T08:00:30Z");

let cloudWatch: CloudWatchAnswers;

beforeAll(async () => {
  cloudWatch = await startCloudWatchAnswers();
});
beforeEach(() => {
  cloudWatch.asked.length = 0;
});
afterAll(async () => cloudWatch[Symbol.asyncDispose]());

const contributor = (key: string, value: number): object => ({
  Keys: [key],
  ApproximateAggregateValue: value,
  Datapoints: [{ Timestamp: NOW_MS / 1000, ApproximateValue: value }],
});

const clock = { ...systemClock, nowMs: () => NOW_MS };
const run = async (...argv: readonly string[]): Promise<Operated> =>
  operated(["hosts", "top", ...argv], { clock, report: cloudWatchReport(cloudWatch.client) });

describe("fetchonce hosts top", () => {
  it("asks for the stack's rule over whole minutes, in one period, and prints the hosts, the first one first", async () => {
    const Contributors = [contributor("b.example", 12), contributor("arxiv.org", 311), { Keys: ["no-value.example"] }];
    cloudWatch.answer = { status: 200, body: { KeyLabels: ["$.host"], AggregationStatistic: "Sum", Contributors } };
    expect(await run("--stack", "fetchonce-prod")).toEqual({
      code: 0,
      stdout: "arxiv.org  311 waiting\nb.example   12 waiting\n",
      stderr: "",
    });
    expect(cloudWatch.asked).toEqual([
      {
        target: "GraniteServiceVersion20100801.GetInsightRuleReport",
        body: {
          RuleName: "fetchonce-prod-hosts-waiting",
          StartTime: Date.parse("2026-11-28T07:46:00Z") / 1000,
          EndTime: Date.parse("2026-11-28T08:01:00Z") / 1000,
          Period: 15 * 60,
          MaxContributorCount: 10,
          OrderBy: "Sum",
        },
      },
    ]);
  });

  it.each(["slowed", "failing"])("counts by %s as well, for as many minutes and hosts as are asked for", async (by) => {
    cloudWatch.answer = { status: 200, body: { Contributors: [contributor("a.example", 1.4)] } };
    const { stdout } = await run("--stack", "fetchonce-prod", "--by", by, "--minutes", "60", "--most", "1");
    expect(stdout).toBe(`a.example  1 ${by}\n`);
    expect(cloudWatch.asked[0]?.body).toMatchObject({
      RuleName: `fetchonce-prod-hosts-${by}`,
      Period: 60 * 60,
      MaxContributorCount: 1,
    });
  });

  it("says so if there is no host", async () => {
    cloudWatch.answer = { status: 200, body: {} };
    expect(await run("--stack", "fetchonce-prod")).toMatchObject({
      code: 0,
      stdout: "No host was counted as waiting in the last 15 minutes.\n",
    });
  });

  it("says what to check if there is no such rule", async () => {
    const message = "The named resource does not exist.";
    cloudWatch.answer = {
      status: 404,
      body: { __type: "com.amazonaws.cloudwatch#ResourceNotFoundException", message },
    };
    expect(await run("--stack", "fetchonce-prod")).toEqual({
      code: 1,
      stdout: "",
      stderr: "There is no rule fetchonce-prod-hosts-waiting. Check the stack's name and the region.\n",
    });
  });

  it("shows CloudWatch's own error if it refuses", async () => {
    cloudWatch.answer = {
      status: 400,
      body: { __type: "com.amazonaws.cloudwatch#AccessDenied", message: "not allowed" },
    };
    expect(await run("--stack", "fetchonce-prod")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("not allowed"),
    });
  });

  it.each([[[]], [["--stack", "fetchonce-prod", "--by", "age"]], [["--stack", "s", "--most", "101"]]])(
    "asks nothing if it is used wrongly: %j",
    async (argv) => {
      expect(await run(...argv)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--help") });
      expect(cloudWatch.asked).toEqual([]);
    },
  );
});
