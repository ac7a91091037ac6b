/** What each limit alone would let through, by arithmetic: nothing is simulated here. */
import { RATE_LIMITS, type Deployment, type Limit, type Load, type RateLimitName } from "./deployment.ts";

export type CeilingName = Exclude<Limit, "lane" | "scale-up"> | "short lane" | "long lane" | "announcements";

export interface Ceiling {
  readonly limit: CeilingName;
  readonly jobsASecond: number;
}

const SECOND_MS = 1000;

/** Of a full batch with the load's share of long jobs. */
export function meanBatchMs({ short, long }: Deployment, load: Load): number {
  const usualMs = load.batchMs(short.batch);
  const withLongMs = Math.max(usualMs, long === undefined ? load.long.ms : long.handOverMs);
  const withLong = 1 - (1 - load.long.share) ** short.batch;
  return (1 - withLong) * usualMs + withLong * withLongMs;
}

/** Environments that one job a second keeps busy (Little's law). */
export function environmentsOfAJob(
  deployment: Deployment,
  load: Load,
): { readonly short: number; readonly long: number } {
  const again = 1 / (1 - load.waits.share);
  return {
    short: (again * meanBatchMs(deployment, load)) / deployment.short.batch / SECOND_MS,
    long: deployment.long === undefined ? 0 : (load.long.share * load.long.ms) / SECOND_MS,
  };
}

function unitsOfAJob({ long: lane }: Deployment, { use, long, waits }: Load, name: RateLimitName): number {
  const handOver = lane === undefined ? 0 : long.handOver[name];
  return ((1 - long.share) * use[name] + long.share * (long.use[name] + handOver)) / (1 - waits.share);
}

function mostInFlight(deployment: Deployment, load: Load, environments: number): number {
  const hidden = deployment.waitsInFlight
    ? ((load.waits.share / (1 - load.waits.share)) * load.waits.ms) / SECOND_MS
    : 0;
  return deployment.mostInFlight / (environments * deployment.short.batch + hidden);
}

/** Lowest first. A rate that grows counts with what it starts at. */
export function ceilingsOf(deployment: Deployment, load: Load): readonly Ceiling[] {
  const { short, long, accountConcurrency, rates, announcedASecond } = deployment;
  const environments = environmentsOfAJob(deployment, load);
  const ceilings: readonly Ceiling[] = [
    { limit: "short lane", jobsASecond: short.concurrency / environments.short },
    ...(long === undefined || environments.long === 0
      ? []
      : [{ limit: "long lane" as const, jobsASecond: long.concurrency / environments.long }]),
    { limit: "account", jobsASecond: accountConcurrency / (environments.short + environments.long) },
    { limit: "in flight", jobsASecond: mostInFlight(deployment, load, environments.short) },
    ...RATE_LIMITS.map((name) => ({
      limit: name,
      jobsASecond: rates[name].startsAt / unitsOfAJob(deployment, load, name),
    })),
    { limit: "announcements", jobsASecond: announcedASecond },
  ];
  return ceilings.toSorted((a, b) => a.jobsASecond - b.jobsASecond);
}
