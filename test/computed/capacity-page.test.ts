/** Checks what docs/scale.md is made of: the deployments, the month's bill, and the page itself. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { answersOf, type Answers } from "../../bench/capacity/answers.ts";
import { figuresOf } from "../../bench/capacity/capacity.ts";
import { ceilingsOf } from "../../bench/capacity/ceilings.ts";
import {
  grown,
  oneLane,
  otherFunctions,
  pollersFor,
  PROD_CONCURRENCY,
  sizedFor,
  twoLanes,
} from "../../bench/capacity/deployments.ts";
import { scaleMarkdown } from "../../bench/capacity/document.ts";
import { isOver } from "../../bench/harness/measurement.ts";
import { loadsOf, useOfCounts } from "../../bench/capacity/loads.ts";
import { monthlyBill } from "../../bench/capacity/month.ts";
import { QUOTAS } from "../../bench/capacity/quotas.ts";
import { simulate } from "../../bench/capacity/simulate.ts";
import { storedResultOf } from "../../bench/cost/stored-results.ts";
import { ENVIRONMENTS } from "../../infra/environments/environments.ts";

const MODEL_TAKES_MS = 180_000;
const MONTH_S = 2_628_000;
const stored = { cost: storedResultOf("cost"), fixed: storedResultOf("fixed-costs") };
const { small, mixed } = loadsOf(stored.cost, stored.fixed);

describe("the deployments of the capacity model", () => {
  it("compare with prod as it is: its concurrency, and the 14 environments of other functions", () => {
    expect(oneLane().short.concurrency).toBe(ENVIRONMENTS.prod.workerConcurrency);
    expect(PROD_CONCURRENCY + otherFunctions(0)).toBe(114);
    expect(oneLane().accountConcurrency).toBe(1000 - 14);
  });

  it("get provisioned pollers above a concurrency of 1,000, ten invocations each, and 2,000 at most", () => {
    expect([1000, 1001, 10_750, 99_999].map(pollersFor)).toEqual([0, 101, 1075, 2000]);
  });

  it("start as AWS does: five invocations and 4,000 write units, and 2,000 invocations with 200 pollers ready", () => {
    expect(twoLanes().short.scaling).toEqual({ startsAt: 5, moreEachSecond: 5 });
    expect(twoLanes().rates.table.startsAt).toBe(4000);
    expect(sizedFor(10_000, mixed).long?.scaling.startsAt).toBe(2000);
  });

  it.each([100, 1000, 10_000])("sized for %s jobs a second have a quarter more of each than that needs", (rate) => {
    const ceilings = ceilingsOf(grown(sizedFor(rate, mixed)), mixed);
    expect(ceilings[0]?.jobsASecond).toBeGreaterThanOrEqual(1.25 * rate);
  });

  it("once grown have the table's quota and no limit of S3's", () => {
    expect(grown(twoLanes()).rates).toMatchObject({
      table: { startsAt: 40_000 },
      "staging bucket": { startsAt: Infinity },
    });
  });
});

it("a job that is put at its content address at once uses the staging bucket not at all, another one also removes", () => {
  expect(useOfCounts({ writeUnits: 3, s3Puts: 1 }, 0)).toMatchObject({ "staging bucket": 0, "content bucket": 1 });
  expect(useOfCounts({ writeUnits: 8, s3Puts: 2 }, 0)).toEqual({
    table: 6,
    index: 2,
    "watch shards": 2,
    "staging bucket": 2,
    "content bucket": 1,
  });
});

it("each of AWS's limits in the capacity model is a number and names its source", () => {
  for (const { value, source } of Object.values(QUOTAS)) {
    expect(value).toBeGreaterThan(0);
    expect(source).toMatch(/^(Lambda|SQS|DynamoDB|S3|EventBridge|AWS) /);
  }
});

describe("a month in the capacity model", () => {
  const run = { seed: 1, arriveASecond: 100, backlog: 0, measuredFromMs: 60_000, endsMs: 660_000 };
  const outcomeOf = (load: typeof small) => simulate(grown(sizedFor(100, load)), load, run);

  it("is billed the counted requests of its jobs, and the Lambda time of the simulation", () => {
    const outcome = outcomeOf(small);
    const bill = monthlyBill(100, sizedFor(100, small), small, outcome, stored);
    expect(bill.writeUnits).toBeCloseTo(100 * MONTH_S * 3, 0);
    expect(bill.s3Puts ?? 0).toBeGreaterThanOrEqual(100 * MONTH_S);
    expect(bill.events).toBeCloseTo(100 * MONTH_S, 0);
    expect(bill.sqsRequests).toBeCloseTo(100 * MONTH_S * (0.1 + 2 / outcome.short.messages), 0);
    // 768 MB for each environment that is busy, and the announcer's share: 1.5 ms at a GB a job.
    expect(bill.lambdaGbSeconds).toBeCloseTo(MONTH_S * (0.75 * outcome.short.meanEnvironments + 100 * 0.0015), 0);
    expect(bill.pollerHours).toBeUndefined();
  });

  it("costs more with long jobs: 142 write units, renewals and the handing over, and their own environments", () => {
    const outcome = outcomeOf(mixed);
    const bill = monthlyBill(100, sizedFor(100, mixed), mixed, outcome, stored);
    expect(bill.writeUnits).toBeCloseTo(MONTH_S * (99 * 3 + 142 + 2 * 3 + 6), -8);
    const gb = 0.75 * outcome.short.meanEnvironments + 0.5 * (outcome.long?.meanEnvironments ?? 0);
    expect(bill.lambdaGbSeconds).toBeCloseTo(MONTH_S * (gb + 100 * 0.0015), 0);
  });

  it("is billed for each provisioned poller by the hour", () => {
    const bill = monthlyBill(100, sizedFor(10_000, mixed), mixed, outcomeOf(mixed), stored);
    expect(bill.pollerHours).toBe(1075 * 730);
  });
});

describe("the answers of the capacity model", () => {
  let answers: Answers;
  beforeAll(() => {
    answers = answersOf(stored.cost, stored.fixed);
  }, MODEL_TAKES_MS);

  it("show what 1 % of long jobs do to one lane, and that two lanes keep nine tenths of the throughput", () => {
    const [full, one, two] = answers.lanes;
    expect(full?.jobsASecond).toBeCloseTo(2747, -1);
    expect((one?.jobsASecond ?? 0) / 115).toBeCloseTo(1, 1);
    expect(two?.share).toBeGreaterThanOrEqual(0.9);
    expect(figuresOf(answers).filter(isOver)).toEqual([]);
  });

  it("sustain the load that a deployment is sized for", () => {
    const sized = answers.rates.filter(({ deployment: { name } }) => name.startsWith("sized"));
    expect(sized.map(({ afterHours }) => afterHours.heldBackBy)).toEqual([[], [], []]);
    for (const { jobsASecond, afterHours } of sized) expect(afterHours.jobsASecond / jobsASecond).toBeCloseTo(1, 1);
  });

  it("are those of docs/scale.md (npm run generate makes it anew)", () => {
    const page = readFileSync(new URL("../../docs/scale.md", import.meta.url), "utf8");
    expect(page).toBe(scaleMarkdown(answers));
  });

  it("are those stored by npm run bench -- capacity (run it again after a change)", () => {
    const url = new URL("../../bench/results/capacity.json", import.meta.url);
    const { figures } = JSON.parse(readFileSync(url, "utf8")) as { figures: unknown };
    expect(figures).toEqual(JSON.parse(JSON.stringify(figuresOf(answers))));
  });
});
