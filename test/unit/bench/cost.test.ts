/** Checks the arithmetic of the cost model against numbers worked out by hand. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { totalUsd, sumOf, times, usdFor, type Bill } from "../../../bench/cost/bill.ts";
import { costMarkdown } from "../../../bench/cost/document.ts";
import { gbSeconds, invocationMs } from "../../../bench/cost/duration.ts";
import {
  artifactBill,
  idlePollingBill,
  keepingBill,
  logBill,
  reconcilerBill,
  workOf,
} from "../../../bench/cost/models.ts";
import { dataTransferHub, HUB_PUBLISHED_USD, naiveLambda } from "../../../bench/cost/others.ts";
import { billOfRequests } from "../../../bench/cost/requests.ts";
import { billedItemBytes, GB, itemBytes } from "../../../bench/cost/storage.ts";
import { storedResultOf } from "../../../bench/cost/stored-results.ts";
import { memoryMbOf, minutesBetweenRuns, monthlyBills } from "../../../bench/cost/template.ts";
import type { AwsRequest } from "../../embedded-aws/aws/aws.ts";
import { parseTemplates } from "../../embedded-aws/template/template.ts";

const MIB = 2 ** 20;

describe("the price of a bill", () => {
  it.each<{ bill: Bill; usd: number }>([
    { bill: { writeUnits: 8_000_000 }, usd: 5 },
    { bill: { s3Puts: 2_000_000, s3Gets: 1_000_000 }, usd: 10.4 },
    { bill: { sqsRequests: 300_000, lambdaRequests: 100_000 }, usd: 0.14 },
    { bill: { lambdaGbSeconds: 3000 }, usd: 0.0400002 },
    { bill: { logGb: 3, logGbMonths: 10 }, usd: 1.8 },
    { bill: { alarmMetrics: 79, compositeAlarms: 11, dashboards: 1, metrics: 17, insightRules: 1, keys: 1 }, usd: 23 },
    { bill: {}, usd: 0 },
  ])("of $bill is $usd dollars", ({ bill, usd }) => {
    expect(totalUsd(bill)).toBeCloseTo(usd, 10);
  });

  it("can be asked for one item, and bills can be added and multiplied", () => {
    expect(usdFor({ writeUnits: 8_000_000, s3Puts: 1 }, "writeUnits")).toBe(5);
    expect(sumOf({ s3Puts: 1, s3Gets: 2 }, { s3Puts: 3 })).toEqual({ s3Puts: 4, s3Gets: 2 });
    expect(times({ s3Puts: 1.5, keys: 2 }, 4)).toEqual({ s3Puts: 6, keys: 8 });
  });
});

describe("AWS requests in the cost model", () => {
  const dynamodb = (operation: string, writeUnits: number, readUnits: number): AwsRequest => ({
    service: "dynamodb",
    operation,
    writeUnits,
    readUnits,
  });

  it("are counted under the item that AWS bills them as; an empty query costs half a read unit", () => {
    const requests: readonly AwsRequest[] = [
      dynamodb("UpdateItem", 2, 0),
      dynamodb("GetItem", 0, 1),
      dynamodb("Query", 0, 0),
      dynamodb("Query", 0, 1.5),
      ...["PutObject", "CopyObject", "ListObjectsV2"].map((operation) => ({ service: "s3" as const, operation })),
      ...["HeadObject", "DeleteObject"].map((operation) => ({ service: "s3" as const, operation })),
      ...["SendMessageBatch", "ReceiveMessage"].map((operation) => ({ service: "sqs" as const, operation })),
    ];
    expect(billOfRequests(requests)).toEqual({ writeUnits: 2, readUnits: 3, s3Puts: 3, s3Gets: 1, sqsRequests: 2 });
  });

  it("without a known price are an error and are not left out", () => {
    expect(() => billOfRequests([{ service: "s3", operation: "RestoreObject" }])).toThrow(
      "The cost model has no price for s3 RestoreObject. Add it to METER_OF in bench/cost/requests.ts.",
    );
  });
});

describe("the cost model's time of an invocation", () => {
  const idle = {
    files: 1,
    bytes: 0,
    cpuMs: 0,
    originRequests: 0,
    dynamodbRequests: 0,
    s3Requests: 0,
    copiedBytes: 0,
  };
  it.each([
    {
      is: "bound by the latencies of one artifact",
      work: { originRequests: 2, dynamodbRequests: 6, s3Requests: 3 },
      ms: 320,
    },
    { is: "bound by the origin's bandwidth", work: { bytes: 12_500_000 }, ms: 1000 },
    { is: "bound by the function's bandwidth", work: { files: 10, bytes: 15_000_000 }, ms: 2000 },
    { is: "bound by 1024 of 1769 MB per vCPU", work: { files: 10, cpuMs: 1024 }, ms: 17_690 },
    { is: "longer by the time of the S3 copy", work: { bytes: 12_500_000, copiedBytes: 75_000_000 }, ms: 1500 },
  ])("is $is: $ms ms", ({ work, ms }) => {
    expect(invocationMs({ ...idle, ...work }, 1024)).toBeCloseTo(ms, 9);
  });

  it("is longer if the origin is slower, and is billed in proportion to memory", () => {
    expect(invocationMs({ ...idle, bytes: 2_000_000 }, 1024, 2e6)).toBe(1000);
    expect(gbSeconds(1000, 512)).toBe(0.5);
  });
});

describe("the billed size of a table item", () => {
  it.each([
    { item: { pk: "JOB#1" }, bytes: 2 + 5 },
    { item: { pk: "é" }, bytes: 2 + 2 },
    { item: { n: 1234 }, bytes: 1 + 3 },
    { item: { n: 1200 }, bytes: 1 + 2 },
    { item: { b: true, z: null }, bytes: 4 },
    { item: { m: { ab: "cde" } }, bytes: 1 + 3 + 1 + 2 + 3 },
    { item: { l: ["ab", "c"] }, bytes: 1 + 3 + 2 + 3 },
  ])("is its size plus 100 bytes: $item has $bytes bytes", ({ item, bytes }) => {
    expect(itemBytes(item)).toBe(bytes);
    expect(billedItemBytes(item)).toBe(bytes + 100);
  });
});

describe("an artifact in the cost model", () => {
  const counts = {
    writeUnits: 8,
    readUnits: 0,
    s3Puts: 2,
    s3Gets: 0,
    sqsRequests: 0.3,
    invocations: 0.1,
    cpuMs: 0,
    logBytes: 0,
    logLines: 0,
    itemBytes: GB,
  };

  it("is billed its counted requests, its share of an invocation, and its time in staging", () => {
    // 315 ms of latency; 10 MiB at 12.5 MB/s: 838.86 ms; the copy at 150 MB/s: 69.905 ms. Each file pays a tenth of it.
    const bill = artifactBill("guarded", counts, 10 * MIB, 1024, 12.5e6);
    const copyAndLatencyMs = 315 + 69.905067;
    // Ten files share 75 MB/s: 1,398.1 ms, which is longer than one file alone takes.
    expect(invocationMs(workOf("guarded", counts, 10 * MIB), 1024)).toBeCloseTo(copyAndLatencyMs + 1398.10133, 4);
    expect(bill).toMatchObject({ writeUnits: 8, s3Puts: 2, sqsRequests: 0.3, events: 1 });
    // A tenth of a worker invocation and a hundredth of an announcer invocation (300 ms at half a GB).
    expect(bill.lambdaRequests).toBeCloseTo(0.11, 12);
    expect(bill.lambdaGbSeconds).toBeCloseTo(0.1783006 + 0.0015, 6);
    // 10 MiB stored for 1.783 s; a month has 2,628,000 s.
    expect(bill.s3GbMonths).toBeCloseTo((10 / 1024) * (1.783006 / 2_628_000), 13);
    expect(bill.transferOutGb).toBe(4096 / GB);
  });

  it("that is a duplicate delivery costs no origin traffic and no staging", () => {
    const bill = artifactBill("duplicate", counts, 10 * MIB, 1024);
    expect(bill.transferOutGb).toBeUndefined();
    expect(bill.s3GbMonths).toBeUndefined();
    expect(bill.lambdaGbSeconds).toBeCloseTo(0.0005, 12);
  });

  it("is kept for the price of its content, its record and point-in-time recovery", () => {
    expect(totalUsd(keepingBill(counts, 2 * GB))).toBeCloseTo(0.046 + 0.25 + 0.2, 12);
  });

  it("is billed for its log lines, 26 bytes more per line, and its share of Lambda's own log lines", () => {
    // 1000 + 10 x 26 + 1 x (400 + 3 x 26) bytes.
    expect(logBill(1000, 10, 1).logGb).toBeCloseTo(1738 / GB, 15);
    expect(logBill(1000, 10, 1).logGbMonths).toBeCloseTo((1738 / GB) * 0.45, 15);
  });
});

describe("an environment in the cost model", () => {
  const alarm = (Properties: object): object => ({ Type: "AWS::CloudWatch::Alarm", Properties });
  const templateOf = (Resources: object) => parseTemplates([JSON.stringify({ Resources })]);
  const metric = { MetricStat: { Stat: "Sum" } };

  it("pays for an alarm once per metric that it reads, in all stacks", () => {
    const templates = [
      templateOf({
        Plain: alarm({ MetricName: "Errors" }),
        Ratio: alarm({ Metrics: [{ Expression: "bad / total" }, metric, metric] }),
      }),
      templateOf({
        Report: alarm({ Metrics: [{ Expression: 'INSIGHT_RULE_METRIC("rule", "MaxContributorValue")' }] }),
        Both: { Type: "AWS::CloudWatch::CompositeAlarm" },
        Page: { Type: "AWS::CloudWatch::Dashboard" },
        Rule: { Type: "AWS::CloudWatch::InsightRule" },
        Key: { Type: "AWS::KMS::Key" },
        Bucket: { Type: "AWS::S3::Bucket" },
      }),
    ];
    const { metrics, ...bill } = sumOf(...monthlyBills(templates));
    expect(bill).toEqual({ alarmMetrics: 4, compositeAlarms: 1, dashboards: 1, insightRules: 1, keys: 1 });
    expect(metrics).toBeGreaterThan(0);
  });

  it("with a resource of unknown price is an error", () => {
    expect(() => monthlyBills([templateOf({ Nat: { Type: "AWS::EC2::NatGateway" } })])).toThrow(
      "The cost model does not know what a AWS::EC2::NatGateway (Nat) costs by the month.",
    );
  });

  it("takes the functions' memory and the reconciler's schedule from the templates", () => {
    const templates = [
      templateOf({
        WorkerFunction1: { Type: "AWS::Lambda::Function", Properties: { MemorySize: 1024 } },
        ReconcilerSchedule1: { Type: "AWS::Events::Rule", Properties: { ScheduleExpression: "rate(5 minutes)" } },
      }),
    ];
    expect(memoryMbOf(templates, "Worker")).toBe(1024);
    expect(minutesBetweenRuns(templates, "Reconciler")).toBe(5);
    expect(() => memoryMbOf(templates, "Reconciler")).toThrow(
      "no AWS::Lambda::Function whose id begins with Reconciler",
    );
    const daily = [
      templateOf({ Daily: { Type: "AWS::Events::Rule", Properties: { ScheduleExpression: "rate(1 day)" } } }),
    ];
    expect(() => minutesBetweenRuns(daily, "Daily")).toThrow('reads schedules in minutes, not "rate(1 day)"');
  });

  it("polls an empty queue 657,000 times a month", () => {
    expect(idlePollingBill(1)).toEqual({ sqsRequests: 657_000 });
    expect(idlePollingBill(3)).toEqual({ sqsRequests: 1_971_000 });
  });

  it("runs the reconciler 43,800 times a month", () => {
    const run = { readUnits: 5, writeUnits: 0, s3Puts: 2, requests: 11, cpuMs: 0, logBytes: 522, logLines: 0 };
    const bill = reconcilerBill(run, 512, 1);
    expect(bill).toMatchObject({ readUnits: 219_000, s3Puts: 87_600, lambdaRequests: 43_800 });
    // 9 x 5 ms + 2 x 30 ms at half a GB; 522 + 478 bytes of log.
    expect(bill.lambdaGbSeconds).toBeCloseTo(43_800 * 0.0525, 6);
    expect(bill.logGb).toBeCloseTo((43_800 * 1000) / GB, 12);
    expect(reconcilerBill(run, 512, 5).lambdaRequests).toBe(8760);
  });
});

describe("the price of a million files with other systems", () => {
  it("is, with Data Transfer Hub, the published price adjusted to today's price of DynamoDB", () => {
    // 3,000 h x $0.0084 / 107.4 + 2 x $0.40 + $5 + 2 x $0.625 + 2 x $0.40.
    expect(1e6 * totalUsd(dataTransferHub)).toBeCloseTo(0.23464 + 5.8 + 1.25 + 0.8, 4);
    expect(1e6 * totalUsd(dataTransferHub)).toBeCloseTo(HUB_PUBLISHED_USD, 1);
  });

  it("is, with a naive Lambda, a PUT, two writes, three SQS requests and an invocation per file", () => {
    // Latency 100 + 2 x 5 + 30 ms; CPU 0.8 ms x 1769 / 512; half a GB of memory; 478 bytes of log.
    const ms = 140 + (0.8 * 1769) / 512;
    const log = (478 / GB) * (0.5 + 0.45 * 0.03);
    const usd = (5 + 1.25 + 1.2 + 0.2) / 1e6 + ((ms / 1000) * 0.5 * 13.3334) / 1e6 + log;
    expect(totalUsd(naiveLambda(0))).toBeCloseTo(usd, 12);
  });
});

describe("docs/cost.md", () => {
  it("is what `npm run generate` makes of the stored results and the prices", () => {
    const page = readFileSync(new URL("../../../docs/cost.md", import.meta.url), "utf8");
    expect(page).toBe(
      costMarkdown(storedResultOf("cost"), storedResultOf("fixed-costs"), storedResultOf("cost-paths")),
    );
  });

  it("cannot be made from results that lack a figure", () => {
    const cost = storedResultOf("cost");
    const lacking = { ...cost, figures: cost.figures.filter(({ what }) => !what.endsWith("write units")) };
    expect(() => costMarkdown(lacking, storedResultOf("fixed-costs"), storedResultOf("cost-paths"))).toThrow(
      'The stored results have no figure "10 KiB: DynamoDB write units". Run: npm run bench cost',
    );
  });
});
