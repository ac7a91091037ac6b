/** Checks the arithmetic of announcements, months and regions in the cost model against numbers worked out by hand. */
import { describe, expect, it, onTestFinished } from "vitest";
import { totalUsd, type Bill } from "../../../bench/cost/bill.ts";
import { announcementBill } from "../../../bench/cost/models.ts";
import { announcedBill, collectedAt, withAnnouncing } from "../../../bench/cost/month.ts";
import { startPathsOrigin } from "../../../bench/cost/paths-origin.ts";
import { priceIn, REGIONS, totalUsdIn, usdIn } from "../../../bench/cost/regions.ts";
import { COLLECTED } from "../../../bench/cost/paths.ts";
import { GB } from "../../../bench/cost/storage.ts";

const COUNTS = { events: 0.01, requests: 0.002, invocations: 0.002, cpuMs: 0, bytes: 640 };
const LOG_GB = 478 / GB;

describe("announcements in the cost model", () => {
  it.each([
    // A month has 2,628,000 s, and the stream four shards.
    { kind: "batched" as const, jobs: 105_120_000, collected: 100 },
    { kind: "single" as const, jobs: 105_120_000, collected: 10 },
    { kind: "batched" as const, jobs: 1e10, collected: COLLECTED.batched },
    { kind: "single" as const, jobs: 1e10, collected: COLLECTED.single },
    { kind: "batched" as const, jobs: 1, collected: 1 },
  ])("of $jobs jobs a month come $collected in an invocation, $kind", ({ collected, jobs, kind }) => {
    expect(collectedAt(jobs, kind)).toBeCloseTo(collected, 9);
  });

  it("cost an event each if they are single, and a request of 30 ms for each ten", () => {
    const bill = announcedBill("single", COUNTS, 105_120_000);
    expect(bill).toMatchObject({ events: 1, lambdaRequests: 0.1 });
    expect(bill.lambdaGbSeconds).toBeCloseTo((0.03 * 0.5) / 10, 12);
    expect(bill.logGb).toBeCloseTo(LOG_GB / 10, 15);
  });

  it("share an event of 64,000 bytes if they are batched", () => {
    expect(announcedBill("batched", COUNTS, 105_120_000).events).toBeCloseTo(1 / 100, 12);
    // 500 x 640 bytes: five events, two requests.
    const full = announcedBill("batched", COUNTS, 1e10);
    expect(full.events).toBeCloseTo(5 / 500, 12);
    expect(full.lambdaGbSeconds).toBeCloseTo((0.06 * 0.5) / 500, 12);
  });

  it("cost nothing if there are none, and take the place of those that an artifact's bill has", () => {
    expect(announcedBill("none", COUNTS, 1e8)).toEqual({});
    const artifact: Bill = { writeUnits: 3, ...announcementBill() };
    expect(totalUsd(withAnnouncing(artifact, {}))).toBeCloseTo((3 * 0.625) / 1e6, 12);
    expect(withAnnouncing(artifact, { events: 0.5 }).events).toBe(0.5);
  });
});

describe("a region in the cost model", () => {
  it("has its own prices, and otherwise those of us-east-1", () => {
    const bill: Bill = { s3Puts: 1_000_000, sqsRequests: 1_000_000 };
    expect(totalUsdIn("us-east-1", bill)).toBeCloseTo(totalUsd(bill), 12);
    expect(totalUsdIn("sa-east-1", bill)).toBeCloseTo(7 + 0.4, 12);
    expect(usdIn("sa-east-1", bill, ["s3Puts"])).toBeCloseTo(7, 12);
    expect(priceIn("eu-west-1", "events")).toBe(1);
  });

  it("names the source of each price that differs", () => {
    const prices = Object.values(REGIONS).flatMap((region) => Object.values(region));
    expect(prices.length).toBeGreaterThan(20);
    for (const [usd, readIn] of prices) {
      expect(usd).toBeGreaterThan(0);
      expect(readIn).not.toBe("");
    }
  });
});

describe("the origin of the cost measurement's other ways", () => {
  it("serves, refuses, sends away once, and knows who has a file", async () => {
    const { endpoint, stop } = await startPathsOrigin(100, 3600);
    onTestFinished(stop);
    const ask = async (path: string, init?: RequestInit) => {
      const { headers, status } = await fetch(endpoint + path, init);
      return { status, retryAfter: headers.get("retry-after"), etag: headers.get("etag") };
    };
    expect(await ask("/ok/1")).toEqual({ status: 200, retryAfter: null, etag: '"v1"' });
    expect((await (await fetch(`${endpoint}/ok/1`)).text()).length).toBe(100);
    expect((await ask("/ok/1", { headers: { "if-none-match": '"v1"' } })).status).toBe(304);
    expect((await ask("/gone/1")).status).toBe(404);
    expect(await ask("/busy/1")).toEqual({ status: 429, retryAfter: "3600", etag: null });
    expect((await ask("/busy/1")).status).toBe(200);
    expect((await ask("/busy/1", { method: "HEAD" })).status).toBe(429);
  });
});
