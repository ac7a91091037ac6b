import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { MOST_WATCH_SHARDS } from "../../core/model/keys.ts";
import type { Environment, Monitoring, Subscribers } from "./environment.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;

const PART_SIZE_BYTES = 8 * MIB;
/** What S3 stores: parts grow with the body, and 10,000 are enough. If nobody tells its length it ends at 78.1 GiB. */
const MAX_BODY_BYTES = 5 * 1024 * 1024 * MIB;

/**
 * At 12.5 MB/s, as fast as one origin often is, 11 s: half of `shortLaneMs`. A file of 100 MiB costs a sixth of the
 * time in a batch of ten that it costs in an invocation of its own.
 */
const LONG_FROM_BYTES = 128 * MIB;
/** More than a part: no body that fits in memory is staged. */
const STAGE_FROM_BYTES = 64 * MIB;

const BLIND_MS = 15 * MINUTE_MS;
/** Replace it with an address. Only you know where your people read this repository. */
const RUNBOOKS = "docs/runbooks";
/** Replace it with your real subscribers. Left empty on purpose: a made-up address would only look as if it worked. */
const NOBODY_YET: Subscribers = { emails: [], httpsUrls: [] };

const dev: Environment = {
  enableIdempotency: "true",
  protectData: false,
  pointInTimeRecovery: false,
  warmJobsASecond: undefined,
  // Deploy with 8 first if the release before reads only these: docs/deploying.md, "Upgrading".
  watchShards: MOST_WATCH_SHARDS,
  // Deploy with 0 first if the release before does not know unwatched leases.
  unwatchedForMs: 24 * HOUR_MS,
  regroupAfterMs: MINUTE_MS,
  holdEventsMs: 5 * SECOND_MS,
  logSamplePercent: 100,
  logRetention: RetentionDays.ONE_WEEK,

  longFromBytes: LONG_FROM_BYTES,
  stageFromBytes: STAGE_FROM_BYTES,
  shortLaneMs: 20 * SECOND_MS,
  workerTimeoutMs: 120 * SECOND_MS,
  visibilityTimeoutMs: 120 * SECOND_MS,
  workerConcurrency: 5,
  urgentWorkerConcurrency: 2,
  provisionedPollers: undefined,
  longWorkerTimeoutMs: 900 * SECOND_MS,
  longVisibilityTimeoutMs: 900 * SECOND_MS,
  longWorkerConcurrency: 5,
  // A small file's time is its origin's, whatever the memory. Ten of 100 MiB take the CPU 15 s: less than shortLaneMs.
  workerMemoryMib: 768,
  // Of 1 GiB at 12.5 MB/s, the CPU takes a quarter of the time that the origin takes. Parts are not held in memory.
  longWorkerMemoryMib: 512,
  recordConcurrency: 10,
  partSizeBytes: PART_SIZE_BYTES,
  partBuffers: 5,
  maxBodyBytes: MAX_BODY_BYTES,
  allowedContentTypes: "",
  keepsContentEncoding: false,
  allowPrivateHosts: false,
  allowedHosts: [],
  secretsPrefix: undefined,
  // As many as two or three browsers open. A host of your own, or one that is made for it, can be "unlimited".
  hostLimits: [["*", { connections: 16 }]],
  hostPatienceMs: DAY_MS,
  mostRedirects: 20,
  obeysRobots: true,
  heldBatchTakesMore: true,
  mostRanges: 4,
  contact: undefined,
  hostHeaders: {},

  leaseTtlMs: 120 * SECOND_MS,
  requeueGraceMs: 300 * SECOND_MS,
  deadlineBufferMs: 10 * SECOND_MS,
  longDeadlineBufferMs: 30 * SECOND_MS,
  maxAttempts: 8,
  maxHops: 200,
  retryBaseMs: 2 * SECOND_MS,
  retryCapMs: 900 * SECOND_MS,
  longestWaitMs: HOUR_MS,
  recordRetentionDays: 30,
  expiredRecords: "delete",
  announcements: "single",
  contentRetentionDays: undefined,
  httpConnectTimeoutMs: 10 * SECOND_MS,
  httpIdleTimeoutMs: 30 * SECOND_MS,
  httpHeadTimeoutMs: 10 * SECOND_MS,
  leastBytesPerSecond: 1000,
  partTimeoutMs: 600 * SECOND_MS,

  recoverLimit: 5000,
  sweepLimit: 500,
  orphanAgeMs: DAY_MS,

  codeDeployment: undefined,

  monitoring: {
    tells: undefined,
    runbookBaseUrl: RUNBOOKS,
    gateRollout: { bakeMs: 10 * MINUTE_MS, blindMs: BLIND_MS },
  },
};

const staging: Environment = {
  ...dev,
  enableIdempotency: "true",
  pointInTimeRecovery: true,
  logRetention: RetentionDays.ONE_MONTH,
  workerConcurrency: 20,
  urgentWorkerConcurrency: 10,
  longWorkerConcurrency: 20,
  expiredRecords: "archive",
  codeDeployment: "10 % for 5 minutes",
  monitoring: {
    tells: { page: NOBODY_YET, ticket: NOBODY_YET },
    runbookBaseUrl: RUNBOOKS,
    gateRollout: { bakeMs: HOUR_MS, blindMs: BLIND_MS },
  },
};

/** Of `prod`, and of every deployment that says nothing else, but for whom it tells. */
export const USUAL_MONITORING: Monitoring = {
  tells: undefined,
  runbookBaseUrl: RUNBOOKS,
  gateRollout: { bakeMs: 6 * HOUR_MS, blindMs: BLIND_MS },
};

const prod: Environment = {
  ...staging,
  enableIdempotency: "true",
  protectData: true,
  logRetention: RetentionDays.THREE_MONTHS,
  workerConcurrency: 100,
  urgentWorkerConcurrency: 50,
  longWorkerConcurrency: 100,
  // At one invocation a minute, that is enough of them to tell (docs/slos.md).
  codeDeployment: "30 % for an hour",
  monitoring: { ...USUAL_MONITORING, tells: { page: NOBODY_YET, ticket: NOBODY_YET } },
};

/** The embedded AWS of the tests: the same stack, with times short enough to wait for the recovery from a crash. */
const local: Environment = {
  ...dev,
  enableIdempotency: "true",
  // Tests kill a worker when they hear of an event.
  holdEventsMs: 0,
  // Both below the timeouts: this environment is never deployed, so Lambda's minimum does not apply.
  visibilityTimeoutMs: 10 * SECOND_MS,
  longVisibilityTimeoutMs: 10 * SECOND_MS,
  longWorkerTimeoutMs: 300 * SECOND_MS,
  leaseTtlMs: 6 * SECOND_MS,
  requeueGraceMs: 4 * SECOND_MS,
  deadlineBufferMs: 5 * SECOND_MS,
  longDeadlineBufferMs: 5 * SECOND_MS,
  retryBaseMs: 0.2 * SECOND_MS,
  retryCapMs: 5 * SECOND_MS,
  httpIdleTimeoutMs: 10 * SECOND_MS,
  httpHeadTimeoutMs: 5 * SECOND_MS,
  partTimeoutMs: 60 * SECOND_MS,
  orphanAgeMs: 600 * SECOND_MS,
  // Tests count the requests that an origin and the table get.
  obeysRobots: false,
  hostLimits: [["*", "unlimited"]],

  // Not needed: a test looks for itself.
  monitoring: undefined,
};

export const ENVIRONMENTS = { dev, staging, prod, local };
export type EnvironmentName = keyof typeof ENVIRONMENTS;

/** Whether a reader of an alarm's text can open what starts with this `runbookBaseUrl`. */
export const isLink = (runbookBaseUrl: string): boolean => runbookBaseUrl.startsWith("https://");

/** What `cdk deploy` may be asked for. `local` is the tests' own. */
export const OFFERED = ["dev", "staging", "prod"] as const satisfies readonly EnvironmentName[];

/** Prefix of every name that must be unique in an account: stacks, alarms, dashboard. */
export const deploymentNameOf = (name: string): string => `fetchonce-${name}`;

/**
 * @param name What `-c env=` says.
 * @param own Environments of a user's own file.
 * @throws RangeError if none is named, or there is no environment of that name.
 */
export function environmentNamed(
  name: string | undefined,
  own: Readonly<Record<string, Environment>> = {},
): { readonly name: string; readonly environment: Environment } {
  const all: Readonly<Record<string, Environment>> = { ...ENVIRONMENTS, ...own };
  const environment = name !== undefined && Object.hasOwn(all, name) ? all[name] : undefined;
  if (name !== undefined && environment) return { name, environment };
  const choice = `Choose one of ${[...Object.keys(own), ...OFFERED].join(", ")}: -c env=prod`;
  throw new RangeError(
    name === undefined ? `No environment is named. ${choice}` : `There is no environment "${name}". ${choice}`,
  );
}
