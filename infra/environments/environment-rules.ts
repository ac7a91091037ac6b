import { hostRules } from "../../core/flow/host-limits.ts";
import { parseGate } from "../../core/gate/gate.ts";
import { FEWEST_WATCH_SHARDS, MOST_WATCH_SHARDS } from "../../core/model/keys.ts";
import { reachOf } from "../../core/origin/reach.ts";
import { MAX_RECEIVE_COUNT, MESSAGES_KEPT_DAYS, UPLOADS_KEPT_DAYS } from "./limits.ts";
import type { Environment } from "./environment.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3600 * 1000;
const MIB = 1024 * 1024;

type NumberName = {
  [Name in keyof Environment]: Environment[Name] extends number ? Name : never;
}[keyof Environment];

/** The range of a setting, ends included, derived from other settings and AWS's limits. Values are whole numbers. */
interface Range {
  readonly least: number;
  readonly most?: number;
  readonly because: string;
}

const MAPPED: Range = { least: 2, most: 1000, because: "Lambda accepts no other maximum concurrency for a queue" };
const MEMORY_MIB: Range = { least: 128, most: 10_240, because: "Lambda gives a function no other memory" };

const rangesOf = (environment: Environment): Readonly<Partial<Record<NumberName, Range>>> => ({
  watchShards: {
    least: FEWEST_WATCH_SHARDS,
    most: MOST_WATCH_SHARDS,
    because: "every version reads 8, and this one reads 64",
  },
  regroupAfterMs: { least: 0, most: 7 * 24 * 3_600_000, because: "SQS keeps a message for 14 days" },
  unwatchedForMs: { least: 0, most: 7 * 24 * 3_600_000, because: "SQS keeps a message for 14 days" },
  holdEventsMs: { least: 0, most: MINUTE_MS, because: "a worker that is killed loses so much of the events" },
  logSamplePercent: { least: 0, most: 100, because: "it is a percentage" },
  longFromBytes: { least: 1, because: "it is a length" },
  stageFromBytes: { least: 0, because: "it is a length" },
  shortLaneMs: {
    least: 1000,
    most: environment.workerTimeoutMs - 1000,
    because: "an invocation of the short lane ends after workerTimeoutMs",
  },
  workerTimeoutMs: { least: 1000, most: 15 * MINUTE_MS, because: "Lambda stops an invocation after 15 minutes" },
  longWorkerTimeoutMs: {
    least: Math.min(environment.workerTimeoutMs, 15 * MINUTE_MS),
    most: 15 * MINUTE_MS,
    because: "Lambda stops an invocation after 15 minutes, and what takes longer than workerTimeoutMs goes on here",
  },
  visibilityTimeoutMs: {
    least: environment.workerTimeoutMs,
    most: 12 * 3600 * 1000,
    because: "Lambda requires at least workerTimeoutMs, and SQS hides a message for at most 12 hours",
  },
  longVisibilityTimeoutMs: {
    least: environment.longWorkerTimeoutMs,
    most: 12 * 3600 * 1000,
    because: "Lambda requires at least longWorkerTimeoutMs, and SQS hides a message for at most 12 hours",
  },
  urgentWorkerConcurrency: MAPPED,
  longWorkerConcurrency: MAPPED,
  workerMemoryMib: MEMORY_MIB,
  longWorkerMemoryMib: MEMORY_MIB,
  recordConcurrency: { least: 1, most: 10, because: "a batch has at most ten records" },
  partSizeBytes: { least: 5 * MIB, most: 5 * 1024 * MIB, because: "S3 accepts parts of 5 MiB to 5 GiB only" },
  partBuffers: { least: 2, because: "a worker sends one part while it reads the next" },
  maxBodyBytes: {
    least: 1,
    most: 5 * 1024 * 1024 * MIB,
    because: "S3 stores no larger object",
  },
  leaseTtlMs: { least: 3000, because: "a lease is renewed after a third of this time" },
  requeueGraceMs: { least: 0, because: "it is the time that a late message is waited for" },
  deadlineBufferMs: {
    least: 1000,
    most: environment.workerTimeoutMs - 1000,
    because: "an invocation needs time to work and time to hand over unfinished files",
  },
  longDeadlineBufferMs: {
    least: 1000,
    most: environment.longWorkerTimeoutMs - 1000,
    because: "an invocation needs time to work and time to hand over unfinished files",
  },
  maxAttempts: {
    least: 1,
    most: MAX_RECEIVE_COUNT - 1,
    because: "a job must fail with a reason before SQS moves its message to the dead letters",
  },
  maxHops: {
    least: 1,
    most: Math.ceil((UPLOADS_KEPT_DAYS * DAY_MS) / environment.longWorkerTimeoutMs) - 2,
    because: `a long file needs further invocations, and its unfinished upload is kept for ${UPLOADS_KEPT_DAYS} days`,
  },
  retryBaseMs: {
    least: 1,
    most: environment.retryCapMs,
    because: "the waits between attempts grow from it to retryCapMs",
  },
  retryCapMs: { least: 1, most: 15 * MINUTE_MS, because: "SQS delays a message by at most 15 minutes" },
  longestWaitMs: {
    least: environment.retryBaseMs,
    most: 7 * DAY_MS,
    because: "a job that has to wait for longer does better to fail, and somebody redrives it",
  },
  hostPatienceMs: {
    least: environment.retryCapMs,
    most: 13 * DAY_MS,
    because: "a host that is down is asked again and again, and its jobs must end before their messages expire",
  },
  mostRanges: { least: 1, most: 16, because: "more connections from one client are a burden to an origin" },
  mostRedirects: { least: 0, most: 100, because: "a chain of redirects must end" },
  leastBytesPerSecond: { least: 0, because: "it is a speed" },
  recordRetentionDays: {
    least: MESSAGES_KEPT_DAYS + 1,
    because: `a message may come back for ${MESSAGES_KEPT_DAYS} days, and a record must be there to answer it`,
  },
  httpConnectTimeoutMs: originTimeout(environment),
  httpIdleTimeoutMs: originTimeout(environment),
  httpHeadTimeoutMs: originTimeout(environment),
  partTimeoutMs: {
    least: 1,
    most: environment.longWorkerTimeoutMs,
    because: "the invocation that waits ends after longWorkerTimeoutMs",
  },
  recoverLimit: { least: 1, because: "the reconciler must make progress" },
  sweepLimit: { least: 1, because: "the reconciler must make progress" },
  orphanAgeMs: {
    least: environment.longWorkerTimeoutMs + 1,
    because: "an invocation may still be writing younger objects",
  },
});

function originTimeout({ workerTimeoutMs }: Environment): Range {
  return { least: 1, most: workerTimeoutMs, because: "the invocation that waits ends after workerTimeoutMs" };
}

/**
 * @param where the message begins with it: where the settings are written.
 * @param isDeployed false for the embedded AWS, to whose queue Lambda's minimum for the visibility does not apply.
 * @throws RangeError that lists every wrong setting and what to write instead.
 */
export function refuseWrongSettings(where: string, environment: Environment, isDeployed: boolean): void {
  const problems = [
    ...rangeProblems(environment, isDeployed),
    ...gateProblem(environment),
    ...sampleProblem(environment),
    ...contentProblem(environment),
    ...reachProblem(environment),
    ...hostLimitsProblem(environment),
    ...warmthProblem(environment),
    ...pollersProblem(environment),
    ...rolloutProblems(environment),
  ];
  if (problems.length > 0) throw new RangeError([`${where}:`, ...problems].join("\n  "));
}

const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;
const VISIBILITIES = new Set<NumberName>(["visibilityTimeoutMs", "longVisibilityTimeoutMs"]);

function* rangeProblems(environment: Environment, isDeployed: boolean): Generator<string> {
  const ranges = Object.entries(rangesOf(environment)) as [NumberName, Range][];
  for (const [setting, { least, most = Infinity, because }] of ranges) {
    const value = environment[setting];
    if (isWhole(value, least, most)) continue;
    if (VISIBILITIES.has(setting) && !isDeployed) continue;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    yield `${setting} is ${value}. Write a whole number ${range}: ${because}.`;
  }
}

/** What is written at once cannot be left out later. */
function* sampleProblem({ holdEventsMs, logSamplePercent }: Environment): Generator<string> {
  if (holdEventsMs > 0 || logSamplePercent === 100) return;
  yield `logSamplePercent is ${logSamplePercent} and holdEventsMs is 0. Write logSamplePercent: 100, or holdEventsMs: 5000: whether a job has trouble shows only later.`;
}

/** DynamoDB's TTL removes an expired item within a few days; this is the bound that we assume. */
const REMOVED_WITHIN_DAYS = 7;

/** A record answers duplicates without checking that the content is still there, so it must not outlive the content. */
function* contentProblem(environment: Environment): Generator<string> {
  const { contentRetentionDays, expiredRecords, recordRetentionDays } = environment;
  if (contentRetentionDays === undefined) return;
  const setting = `contentRetentionDays is ${contentRetentionDays}`;
  const least = recordRetentionDays + REMOVED_WITHIN_DAYS;
  if (expiredRecords === "keep")
    yield `${setting} and expiredRecords is "keep". Write contentRetentionDays: undefined: records would point to content that is gone.`;
  else if (!Number.isInteger(contentRetentionDays) || contentRetentionDays < least)
    yield `${setting}. Write undefined or a whole number of at least ${least}: a record answers duplicates for recordRetentionDays, and DynamoDB removes it within ${REMOVED_WITHIN_DAYS} days.`;
}

/** A new table takes so many jobs a second anyway. */
const LEAST_WARM_JOBS = 500;
/** A shard of the index takes 1,000 writes a second, and a job writes it twice. */
const JOBS_OF_A_SHARD = 500;

function* warmthProblem({ warmJobsASecond: jobs, watchShards }: Environment): Generator<string> {
  const most = watchShards * JOBS_OF_A_SHARD;
  if (jobs === undefined || isWhole(jobs, LEAST_WARM_JOBS, most)) return;
  yield `warmJobsASecond is ${jobs}. Write undefined or a whole number from ${LEAST_WARM_JOBS} to ${most}: a new table takes ${LEAST_WARM_JOBS}, and each of the ${watchShards} watchShards takes ${JOBS_OF_A_SHARD}.`;
}

const MOST_READY_POLLERS = 200;
const MOST_POLLERS = 2000;

/** One of the two must say how many invocations the queue's mapping makes at the same time. */
function* pollersProblem({ provisionedPollers: pollers, workerConcurrency }: Environment): Generator<string> {
  if (!pollers) {
    if (workerConcurrency !== undefined && isWhole(workerConcurrency, 2, 1000)) return;
    yield `workerConcurrency is ${workerConcurrency}. Write a whole number from 2 to 1000: Lambda accepts no other maximum concurrency for a queue. For more, set provisionedPollers.`;
    return;
  }
  if (workerConcurrency !== undefined)
    yield `workerConcurrency is ${workerConcurrency} and provisionedPollers is set. Write workerConcurrency: undefined: a queue's mapping has either, and a poller makes 10 invocations.`;
  const { maximum, minimum } = pollers;
  if (!isWhole(minimum, 2, MOST_READY_POLLERS))
    yield `provisionedPollers.minimum is ${minimum}. Write a whole number from 2 to ${MOST_READY_POLLERS}: Lambda keeps no other number ready.`;
  if (!isWhole(maximum, Math.max(2, minimum), MOST_POLLERS))
    yield `provisionedPollers.maximum is ${maximum}. Write a whole number from ${Math.max(2, minimum)} to ${MOST_POLLERS}: it is at least the minimum, and Lambda has no more.`;
}

/** The controller runs once a minute. In less than ten minutes an alarm sees too little of a step. */
function* rolloutProblems({ monitoring, codeDeployment }: Environment): Generator<string> {
  if (codeDeployment && !monitoring)
    yield "codeDeployment is set and monitoring is undefined. Write codeDeployment: undefined: no alarm would stop bad code.";
  for (const [name, ms] of Object.entries(monitoring?.gateRollout ?? {})) {
    if (ms < 10 * MINUTE_MS || ms % MINUTE_MS !== 0)
      yield `monitoring.gateRollout.${name} is ${ms}. Write whole minutes in ms, at least ten: ${10 * MINUTE_MS}.`;
  }
}

function* reachProblem({ allowedHosts }: Environment): Generator<string> {
  try {
    reachOf(allowedHosts, false);
  } catch (error) {
    yield `allowedHosts: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function* hostLimitsProblem({ hostLimits }: Environment): Generator<string> {
  for (const rule of hostLimits) {
    if (hostRules.safeParse([rule]).success) continue;
    yield `hostLimits: ${JSON.stringify(rule)} is no rule. Write ["example.org", { connections: 4, perSecond: 2 }].`;
  }
}

function* gateProblem({ enableIdempotency }: Environment): Generator<string> {
  try {
    parseGate(enableIdempotency);
  } catch (error) {
    yield `enableIdempotency: ${error instanceof Error ? error.message : String(error)}`;
  }
}
