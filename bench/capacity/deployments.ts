/** The deployments that the model compares. */
import { ASSUMED } from "../cost/duration.ts";
import type { Deployment, Lane, Load } from "./deployment.ts";
import { quota } from "./quotas.ts";
import { fixedRate, type Rate } from "./rate-limit.ts";

const MINUTE_MS = 60_000;
const MINUTE_S = 60;
const BATCH = 10;
/** Environments and units beyond what the mean needs. */
const HEADROOM = 1.25;
export const SHARDS = { before: 8, now: 64 };
/** `workerConcurrency` of prod. */
export const PROD_CONCURRENCY = 100;
/** Two runs of the reconciler, of the batch follower and of the rollout controller may overlap. */
const SCHEDULED_FUNCTIONS = 6;
/** Announcer and archiver run once for each shard of the table's stream: at least 4, one for each 1,000 units/s. */
const STREAM_READERS = 2;
const LEAST_STREAM_SHARDS = 4;

/** Until HEAD has answered: the lease, the answer, the write that hands the job over, and its message. */
export const SHOWN_BY_HEAD_MS = ASSUMED.originMs + 3 * ASSUMED.dynamodbMs + ASSUMED.sqsMs;

function laneOf(batch: number, concurrency: number): Lane {
  if (concurrency <= quota("mappingConcurrency")) {
    const moreEachSecond = quota("mappingMoreAMinute") / MINUTE_S;
    return { batch, concurrency, scaling: { startsAt: quota("mappingStart"), moreEachSecond } };
  }
  const pollers = pollersFor(concurrency);
  const startsAt = Math.min(pollers, quota("pollersAtStart")) * quota("pollerInvocations");
  const moreEachSecond = quota("pollersMoreAMinute") / MINUTE_S;
  return { batch, concurrency: pollers * quota("pollerInvocations"), scaling: { startsAt, moreEachSecond } };
}

/** 0 if a plain mapping is enough. */
export const pollersFor = (concurrency: number): number =>
  concurrency <= quota("mappingConcurrency")
    ? 0
    : Math.min(quota("pollersMost"), Math.ceil(concurrency / quota("pollerInvocations")));

export const otherFunctions = (tableUnitsASecond: number): number =>
  SCHEDULED_FUNCTIONS +
  STREAM_READERS * Math.max(LEAST_STREAM_SHARDS, Math.ceil(tableUnitsASecond / quota("partition")));

const growing = (startsAt: number, most: number, everyMinutes: number): Rate => ({
  startsAt,
  most,
  growsEveryMs: everyMinutes * MINUTE_MS,
});
const tableRate = (warm: number): Rate =>
  growing(Math.max(warm, quota("tableStart")), Math.max(warm, quota("tableMost")), quota("tableGrowsMinutes"));
const bucketRate = (): Rate => growing(quota("s3Partition"), Infinity, quota("s3GrowsMinutes"));

const ratesWith = (shards: number, warm: { readonly table: number; readonly index: number }): Deployment["rates"] => ({
  table: tableRate(warm.table),
  index: tableRate(warm.index),
  "watch shards": fixedRate(shards * quota("partition")),
  "staging bucket": bucketRate(),
  "content bucket": bucketRate(),
});

const COLD = { table: 0, index: 0 };

/** Version 0.2.0 with the settings of prod: one lane, and eight shards of the index. */
export const oneLane = (): Deployment => ({
  name: "one lane",
  short: laneOf(BATCH, PROD_CONCURRENCY),
  long: undefined,
  accountConcurrency: quota("accountConcurrency") - otherFunctions(0),
  mostInFlight: quota("inFlight"),
  waitsInFlight: true,
  rates: ratesWith(SHARDS.before, COLD),
  announcedASecond: quota("announcements"),
});

/** @param handOverMs when a long job shows to be long, from the start of its invocation. */
export const twoLanes = (handOverMs: number = SHOWN_BY_HEAD_MS): Deployment => ({
  ...oneLane(),
  name: "two lanes",
  long: { ...laneOf(1, PROD_CONCURRENCY), handOverMs },
  waitsInFlight: false,
  rates: ratesWith(SHARDS.now, COLD),
});

/** Two lanes, with what this many jobs a second need: concurrency, pollers, warm throughput, raised quotas. */
export function sizedFor(jobsASecond: number, load: Load): Deployment {
  const { use, long } = load;
  const need = (each: number): number => Math.ceil(HEADROOM * jobsASecond * each);
  const shorts = Math.max(quota("mappingStart"), need(load.batchMs(BATCH) / BATCH / 1000));
  const longs = Math.max(quota("mappingStart"), need((long.share * long.ms) / 1000));
  const units = (of: "table" | "index"): number =>
    need((1 - long.share) * use[of] + long.share * (long.use[of] + long.handOver[of]));
  const warm = { table: units("table"), index: units("index") };
  const short = laneOf(BATCH, shorts);
  const longLane = laneOf(1, longs);
  return {
    ...twoLanes(),
    name: `sized for ${jobsASecond.toLocaleString("en-US")}`,
    short,
    long: { ...longLane, handOverMs: SHOWN_BY_HEAD_MS },
    accountConcurrency: Math.max(
      quota("accountConcurrency") - otherFunctions(warm.table),
      short.concurrency + longLane.concurrency,
    ),
    rates: ratesWith(SHARDS.now, warm),
  };
}

const scaledUp = <L extends Lane>(lane: L): L => ({
  ...lane,
  scaling: { startsAt: lane.concurrency, moreEachSecond: 0 },
});

/** The same after hours at its load: the table is at its quota, S3 has split its partitions, and mappings scaled up. */
export const grown = (deployment: Deployment): Deployment => ({
  ...deployment,
  short: scaledUp(deployment.short),
  long: deployment.long && scaledUp(deployment.long),
  rates: Object.fromEntries(
    Object.entries(deployment.rates).map(([name, { most }]) => [name, fixedRate(most)]),
  ) as Deployment["rates"],
});
