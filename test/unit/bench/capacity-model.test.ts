/** Checks the simulation of the capacity model on small cases whose answers are known from arithmetic. */
import { describe, expect, it } from "vitest";
import { ceilingsOf, environmentsOfAJob, meanBatchMs } from "../../../bench/capacity/ceilings.ts";
import type { Deployment, Lane, Limit, Load, RateLimitName, Use } from "../../../bench/capacity/deployment.ts";
import { RATE_LIMITS } from "../../../bench/capacity/deployment.ts";
import { fixedRate, type Rate } from "../../../bench/capacity/rate-limit.ts";
import { simulate, type Run } from "../../../bench/capacity/simulate.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NO_USE: Use = { table: 0, index: 0, "watch shards": 0, "staging bucket": 0, "content bucket": 0 };

const laneOf = (batch: number, concurrency: number): Lane => ({
  batch,
  concurrency,
  scaling: { startsAt: Infinity, moreEachSecond: 0 },
});
const ratesOf = (given: Partial<Record<RateLimitName, Rate>>): Deployment["rates"] => ({
  ...(Object.fromEntries(RATE_LIMITS.map((name) => [name, fixedRate(Infinity)])) as Deployment["rates"]),
  ...given,
});
/** One lane, batches of ten, and no limit. */
const deploymentOf = (given: Partial<Deployment>): Deployment => ({
  name: "roomy",
  short: laneOf(10, Infinity),
  long: undefined,
  accountConcurrency: Infinity,
  mostInFlight: Infinity,
  waitsInFlight: false,
  rates: ratesOf({}),
  announcedASecond: Infinity,
  ...given,
});
/** Each job uses one unit of everything; a batch takes half a second. */
const loadOf = (given: Partial<Load>): Load => ({
  name: "plain",
  batchMs: () => 500,
  use: { table: 1, index: 1, "watch shards": 1, "staging bucket": 1, "content bucket": 1 },
  long: { share: 0, ms: 10_000, use: NO_USE, handOver: NO_USE },
  waits: { share: 0, ms: 0 },
  ...given,
});
const runOf = (given: Partial<Run>): Run => ({
  seed: 7,
  arriveASecond: 0,
  backlog: 0,
  measuredFromMs: MINUTE_MS,
  endsMs: 6 * MINUTE_MS,
  ...given,
});
const SATURATED = runOf({ backlog: 1e9 });

describe("the simulation", () => {
  it("gives the same outcome for the same seed, and another one for another", () => {
    const deployment = deploymentOf({ short: laneOf(10, 20) });
    const load = loadOf({ long: { share: 0.01, ms: 10_000, use: NO_USE, handOver: NO_USE } });
    const run = runOf({ arriveASecond: 300 });
    expect(simulate(deployment, load, run)).toEqual(simulate(deployment, load, run));
    expect(simulate(deployment, load, run)).not.toEqual(simulate(deployment, load, { ...run, seed: 8 }));
  });

  it("follows Little's law: 100 jobs a second that take half a second each keep 50 environments busy", () => {
    const { short, jobsASecond } = simulate(
      deploymentOf({ short: laneOf(1, Infinity) }),
      loadOf({}),
      runOf({ arriveASecond: 100, endsMs: HOUR_MS }),
    );
    expect(jobsASecond / 100).toBeCloseTo(1, 1);
    expect(short.meanEnvironments / 50).toBeCloseTo(1, 1);
    expect(short.messages).toBe(1);
  });

  it("drains 1,000 jobs, ten at a time in ten environments, in ten rounds", () => {
    const { drainedMs, short } = simulate(
      deploymentOf({ short: laneOf(10, 10) }),
      loadOf({}),
      runOf({ backlog: 1000, measuredFromMs: 0, endsMs: Infinity }),
    );
    expect(drainedMs).toBe(5000);
    expect(short).toMatchObject({ jobs: 1000, invocations: 100, meanEnvironments: 10, mostInFlight: 100 });
  });

  it("ends a batch when its slowest job ends: ten jobs of which one is long take as long as that one", () => {
    const load = loadOf({ long: { share: 1, ms: 10_000, use: NO_USE, handOver: NO_USE } });
    const run = runOf({ backlog: 10, measuredFromMs: 0, endsMs: Infinity });
    expect(simulate(deploymentOf({}), load, run)).toMatchObject({ drainedMs: 10_000, longASecond: 1 });
  });

  it("hands long jobs over to a lane of their own, and is not done before they are", () => {
    const load = loadOf({ long: { share: 1, ms: 10_000, use: NO_USE, handOver: NO_USE } });
    const long = { ...laneOf(1, 5), handOverMs: 100 };
    const run = runOf({ backlog: 10, measuredFromMs: 0, endsMs: Infinity });
    const { short, long: longLane, drainedMs } = simulate(deploymentOf({ long }), load, run);
    expect(short).toMatchObject({ jobs: 0, invocations: 1, lastEndedMs: 500 });
    expect(longLane).toMatchObject({ jobs: 10, invocations: 10, mostEnvironments: 5 });
    expect(drainedMs).toBe(100 + 2 * 10_000);
  });

  it("takes from the limits what long jobs use, and what handing them over uses", () => {
    const tenUnits = { ...NO_USE, table: 10 };
    const run = runOf({ backlog: 1e6, endsMs: 11 * MINUTE_MS });
    const rates = ratesOf({ table: fixedRate(300) });
    const longOf = (use: Use, handOver: Use): Load => loadOf({ long: { share: 1, ms: 1000, use, handOver } });
    const oneLane = simulate(deploymentOf({ rates }), longOf(tenUnits, NO_USE), run);
    expect(oneLane.longASecond / 30).toBeCloseTo(1, 1);
    const long = { ...laneOf(1, Infinity), handOverMs: 100 };
    const twoLanes = simulate(deploymentOf({ rates, long }), longOf(NO_USE, tenUnits), run);
    expect(twoLanes.longASecond / 30).toBeCloseTo(1, 1);
  });

  it("lets both lanes together have what the account has", () => {
    const load = loadOf({ long: { share: 0.5, ms: 10_000, use: NO_USE, handOver: NO_USE } });
    const deployment = deploymentOf({
      short: laneOf(10, 8),
      long: { ...laneOf(1, 20), handOverMs: 100 },
      accountConcurrency: 15,
    });
    const { short, long } = simulate(deployment, load, SATURATED);
    expect(short.meanEnvironments + (long?.meanEnvironments ?? 0)).toBeCloseTo(15, 6);
    expect([...(long?.heldBackBy.keys() ?? [])]).toEqual(["account"]);
  });

  it("is not drained while a job waits", () => {
    const load = loadOf({ waits: { share: 0.5, ms: HOUR_MS } });
    const { drainedMs, short } = simulate(
      deploymentOf({}),
      load,
      runOf({ backlog: 10, measuredFromMs: 0, endsMs: Infinity }),
    );
    expect(short.jobs).toBe(10);
    expect(drainedMs).toBeGreaterThan(HOUR_MS);
  });

  it("keeps a batch until a long job is handed over, if that is later than the others are done", () => {
    const load = loadOf({ long: { share: 1, ms: 10_000, use: NO_USE, handOver: NO_USE } });
    const long = { ...laneOf(1, 10), handOverMs: 3000 };
    const run = runOf({ backlog: 10, measuredFromMs: 0, endsMs: Infinity });
    expect(simulate(deploymentOf({ long }), load, run)).toMatchObject({
      short: { lastEndedMs: 3000 },
      drainedMs: 13_000,
    });
  });

  it("starts with as many invocations as the mapping does, and gets more while messages wait", () => {
    const short = { batch: 10, concurrency: 100, scaling: { startsAt: 5, moreEachSecond: 5 } };
    const { short: figures } = simulate(
      deploymentOf({ short }),
      loadOf({}),
      runOf({ backlog: 1e6, measuredFromMs: 0, endsMs: 9999 }),
    );
    expect(figures.mostEnvironments).toBe(50);
    expect([...figures.heldBackBy.keys()]).toEqual(["scale-up"]);
    const later = simulate(deploymentOf({ short }), loadOf({}), SATURATED);
    expect(later.jobsASecond / 2000).toBeCloseTo(1, 2);
    expect([...later.short.heldBackBy.keys()]).toEqual(["lane"]);
  });

  it("announces late what exceeds the rate of announcements, and holds no job back for it", () => {
    const deployment = deploymentOf({ short: laneOf(10, 100), announcedASecond: 500 });
    const { jobsASecond, unannounced } = simulate(deployment, loadOf({}), SATURATED);
    expect(jobsASecond / 2000).toBeCloseTo(1, 2);
    expect(unannounced / (1500 * 360)).toBeCloseTo(1, 2);
  });
});

describe("each limit", () => {
  /** 1,000 jobs a second arrive and keep 50 environments busy. The limit lets a share of them through. */
  const limited: readonly (readonly [Limit, (share: number) => Partial<Deployment>])[] = [
    ["lane", (share) => ({ short: laneOf(10, 50 * share) })],
    ["account", (share) => ({ accountConcurrency: 50 * share })],
    ["in flight", (share) => ({ mostInFlight: 500 * share })],
    ...RATE_LIMITS.map(
      (name) => [name, (share: number) => ({ rates: ratesOf({ [name]: fixedRate(1000 * share) }) })] as const,
    ),
  ];
  const run = runOf({ arriveASecond: 1000 });

  it.each(limited)("%s: at half of what is needed it halves the throughput, and nothing else binds", (limit, at) => {
    const { jobsASecond, short } = simulate(deploymentOf(at(0.5)), loadOf({}), run);
    expect(jobsASecond / 500).toBeCloseTo(1, 1);
    expect([...short.heldBackBy.keys()]).toEqual([limit]);
    expect(short.visible).toBeGreaterThan(100_000);
  });

  it.each(limited)("%s: at twice of what is needed nothing is left waiting", (_limit, at) => {
    const { jobsASecond, short } = simulate(deploymentOf(at(2)), loadOf({}), run);
    expect(jobsASecond / 1000).toBeCloseTo(1, 1);
    expect(short.visible).toBeLessThan(100);
  });
});

describe("a job that waits", () => {
  const load = loadOf({ waits: { share: 0.1, ms: 10 * MINUTE_MS } });
  const run = runOf({ arriveASecond: 100, measuredFromMs: 30 * MINUTE_MS, endsMs: HOUR_MS });

  it("as a hidden message fills the queue's messages in flight, and then nothing is handed out", () => {
    const deployment = deploymentOf({ waitsInFlight: true, mostInFlight: 3000 });
    const { short, jobsASecond } = simulate(deployment, load, run);
    expect(short.mostInFlight).toBe(3000);
    expect([...short.heldBackBy.keys()]).toEqual(["in flight"]);
    // 3,000 hidden for 600 s are 5 a second that wait, of ten times as many.
    expect(jobsASecond).toBeLessThan(50);
  });

  it("without a message in flight holds nothing back, and comes back", () => {
    const { short, jobsASecond } = simulate(deploymentOf({ mostInFlight: 3000 }), load, run);
    expect(short.mostInFlight).toBeLessThan(500);
    expect(short.heldBackBy.size).toBe(0);
    expect(jobsASecond / 100).toBeCloseTo(1, 1);
  });
});

describe("the arithmetic", () => {
  const load = loadOf({ long: { share: 0.01, ms: 86_000, use: NO_USE, handOver: NO_USE } });
  const oneLane = deploymentOf({ short: laneOf(10, 100) });
  const twoLanes = deploymentOf({ short: laneOf(10, 100), long: { ...laneOf(1, 10), handOverMs: 100 } });

  it("counts a batch with a long job as long as that job: 9.6 % of the batches of ten, at 1 %", () => {
    expect(meanBatchMs(oneLane, load)).toBeCloseTo(0.90438 * 500 + 0.09562 * 86_000, 0);
    expect(meanBatchMs(twoLanes, load)).toBe(500);
    expect(environmentsOfAJob(twoLanes, load)).toEqual({ short: 0.05, long: 0.86 });
  });

  it.each([oneLane, twoLanes])("agrees with the simulation on what the short lane gets through", (deployment) => {
    const ceiling = ceilingsOf(deployment, load).find(({ limit }) => limit === "short lane");
    const { jobsASecond } = simulate(deployment, load, {
      ...SATURATED,
      measuredFromMs: 10 * MINUTE_MS,
      endsMs: 5 * HOUR_MS,
    });
    expect(jobsASecond / (ceiling?.jobsASecond ?? 0)).toBeCloseTo(1, 1);
  });

  it("puts the lowest limit first, and lets a rate count with what it starts at", () => {
    const growing = { startsAt: 400, most: 4000, growsEveryMs: HOUR_MS };
    const deployment = deploymentOf({
      short: laneOf(10, 100),
      rates: ratesOf({ table: growing, index: fixedRate(300) }),
    });
    expect(ceilingsOf(deployment, loadOf({})).slice(0, 3)).toEqual([
      { limit: "index", jobsASecond: 300 },
      { limit: "table", jobsASecond: 400 },
      { limit: "short lane", jobsASecond: 2000 },
    ]);
  });
});
