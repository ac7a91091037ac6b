import { RetentionDays } from "aws-cdk-lib/aws-logs";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;

const PART_SIZE_BYTES = 8 * MIB;
/** S3 accepts at most 10,000 parts an upload: with parts of 8 MiB the longest body is 78.1 GiB. */
const MAX_BODY_BYTES = 10_000 * PART_SIZE_BYTES;

/** Who is notified of alarms of one severity. */
export interface Subscribers {
  /** E-mail addresses. SNS asks each to confirm, and sends nothing before that. */
  readonly emails: readonly string[];
  /** HTTPS endpoints that accept SNS notifications, such as those of PagerDuty and Opsgenie. */
  readonly httpsUrls: readonly string[];
  /**
   * A channel of a Slack workspace for which Amazon Q Developer in chat applications (formerly AWS Chatbot) is
   * authorized. Optional.
   */
  readonly slack?: { readonly workspaceId: string; readonly channelId: string };
}

export interface Monitoring {
  /** Subscribers by severity. Undefined: alarms change their state, but notify nobody. */
  readonly tells: Readonly<Record<"page" | "ticket", Subscribers>> | undefined;
  /**
   * What the link in an alarm's text starts with, before `/<page>.md#<section>`. Set it to the address where your
   * people read docs/runbooks/, beginning with `https://`. A path is no link: synth warns if somebody is to be told.
   */
  readonly runbookBaseUrl: string;
  /**
   * Job records that one day may add; an alarm reports more. A record is at most 1 KB and is kept for
   * `recordRetentionDays`; a job costs 8 write units.
   */
  readonly ledgerGrowthADay: number;
  /** The rollout of the gate in steps of 5, 25, 50 and 100 %. */
  readonly gateRollout: {
    /**
     * How long all alarms must have been OK before the next step. In ms: whole minutes, at least 10. The slowest alarms
     * that page look at six hours, so a shorter time takes a step before they have seen the last one.
     */
    readonly bakeMs: number;
    /** How long a rollout holds its step while the alarms cannot be read, before it goes back. In ms, as `bakeMs`. */
    readonly blindMs: number;
  };
}

/** The share of invocations that new code gets at first, and for how long. The rest follows at once. */
export type CodeDeploymentPace = "10 % for 5 minutes" | "10 % for 15 minutes" | "10 % for 30 minutes";

/** What becomes of a finished job's record after `recordRetentionDays`. */
export type ExpiredRecords = "delete" | "archive" | "keep";

/**
 * The settings of one deployment. All are required. Ranges include their ends; `environment-rules.ts` refuses any other
 * value at synth, and says why. Those that become variables of a function are described in `lambdas/<name>/env.ts` too.
 */
export interface Environment {
  /**
   * The gate's ceiling: "true" (all jobs), "false" (none), or the percentage of jobs, "0" to "100", that may take the
   * guarded path. The gate document in the table may admit fewer. Becomes `DOCSTOKG_ENABLE_IDEMPOTENCY`; `DOCSTOKG_` is
   * the historical name of the pipeline's flag, kept because deployments and scripts set it.
   */
  readonly enableIdempotency: string;
  /** true: the table and both stacks refuse to be deleted, and the table and buckets outlive a deleted stack. */
  readonly protectData: boolean;
  /** Whether DynamoDB keeps continuous backups of the table. */
  readonly pointInTimeRecovery: boolean;
  /**
   * Jobs a second that the table and its index take at once, 500 to 4,000. Undefined: 500, as of every new on-demand
   * table, and twice the last peak after about 30 minutes. Set it before a first load that is higher: AWS charges once
   * for the difference, and does not lower it again.
   */
  readonly warmJobsASecond: number | undefined;
  /** How long CloudWatch keeps the functions' logs. */
  readonly logRetention: RetentionDays;

  /** The worker function's timeout. In ms, 1,000 to 900,000. */
  readonly workerTimeoutMs: number;
  /**
   * How long SQS hides a message whose worker died before it took a lease. In ms, `workerTimeoutMs` to 43,200,000
   * (12 hours). Lambda requires the minimum, so it does not apply to `local`.
   */
  readonly visibilityTimeoutMs: number;
  /**
   * Worker invocations at the same time, 2 to 1,000. Lambda does not compare it with the account's own quota (10 in a
   * new account, otherwise 1,000): docs/deploying.md has the arithmetic.
   */
  readonly workerConcurrency: number;
  /**
   * Messages of one batch that a worker processes at the same time, 1 to 10. Use 10: if a worker dies, only the queue
   * brings back the messages that it had not leased yet (docs/adr/0105-short-visibility-whole-batch-leased.md).
   */
  readonly recordConcurrency: number;
  /** Size of a multipart part: the most that a crash costs of a download. In bytes, 5 MiB to 5 GiB. */
  readonly partSizeBytes: number;
  /** Buffers of `partSizeBytes` in one worker, shared by all its messages: they bound its memory. At least 2. */
  readonly partBuffers: number;
  /** Longer bodies fail with class `policy`. In bytes, 1 to 10,000 times `partSizeBytes`. */
  readonly maxBodyBytes: number;
  /** Comma-separated media types or `type/*`. Empty: all types are allowed. */
  readonly allowedContentTypes: string;
  /** Whether workers may fetch from private, loopback and link-local addresses. */
  readonly allowPrivateHosts: boolean;

  /** How long a lease lasts: a dead worker blocks its job this long. Renewed after a third. In ms, at least 3,000. */
  readonly leaseTtlMs: number;
  /** How late a job's message must be before the reconciler sends another one. In ms, at least 0. */
  readonly requeueGraceMs: number;
  /** How long before its timeout a worker hands over unfinished files. In ms, 1,000 to `workerTimeoutMs` - 1,000. */
  readonly deadlineBufferMs: number;
  /** Leases without progress after which a job fails, 1 to 15: below the queue's `MAX_RECEIVE_COUNT`. */
  readonly maxAttempts: number;
  /**
   * How often one file may be carried over to another invocation. At least 1; at most what keeps all its invocations
   * together shorter than S3 keeps an unfinished upload: 286 with a `workerTimeoutMs` of 900,000.
   */
  readonly maxHops: number;
  /** Ceiling of the random wait before the second attempt; doubles with each further one. In ms, 1 to `retryCapMs`. */
  readonly retryBaseMs: number;
  /** The ceiling never grows beyond this. In ms, 1 to 900,000. */
  readonly retryCapMs: number;
  /** How long a finished job's record answers duplicates. In days, at least 15: longer than SQS keeps a message. */
  readonly recordRetentionDays: number;
  /**
   * `delete`: DynamoDB removes expired records. `archive`: it removes them, and a function stores them as JSON lines in
   * S3. `keep`: they stay, and the table only grows.
   */
  readonly expiredRecords: ExpiredRecords;
  /**
   * How long S3 keeps content, counted from when its bytes were first stored. In days, at least
   * `recordRetentionDays` + 7. Undefined: for ever, the only value allowed with `expiredRecords: "keep"`.
   */
  readonly contentRetentionDays: number | undefined;
  /** How long a connection to an origin may take. In ms, 1 to `workerTimeoutMs`. */
  readonly httpConnectTimeoutMs: number;
  /** Longest silence of an origin, before its headers and between two pieces of its body. In ms, as the one above. */
  readonly httpIdleTimeoutMs: number;

  /** Jobs that one run of the reconciler may recover, at least 1. A run must end within its timeout of 55 s. */
  readonly recoverLimit: number;
  /** Staging objects and uploads that one run of the reconciler may examine, at least 1. */
  readonly sweepLimit: number;
  /** Age at which staging of a job without a record counts as abandoned. In ms, more than `workerTimeoutMs`. */
  readonly orphanAgeMs: number;

  /**
   * How new worker code is rolled out. Undefined: it gets all messages at once. A pace needs `monitoring`: its alarms
   * that page take the new code back.
   */
  readonly codeDeployment: CodeDeploymentPace | undefined;

  /** Alarms, dashboard, saved queries, and the controller of the gate's rollout. Undefined: none of them. */
  readonly monitoring: Monitoring | undefined;
}

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
  logRetention: RetentionDays.ONE_WEEK,

  workerTimeoutMs: 900 * SECOND_MS,
  visibilityTimeoutMs: 900 * SECOND_MS,
  workerConcurrency: 5,
  recordConcurrency: 10,
  partSizeBytes: PART_SIZE_BYTES,
  partBuffers: 5,
  maxBodyBytes: MAX_BODY_BYTES,
  allowedContentTypes: "",
  allowPrivateHosts: false,

  leaseTtlMs: 120 * SECOND_MS,
  requeueGraceMs: 300 * SECOND_MS,
  deadlineBufferMs: 30 * SECOND_MS,
  maxAttempts: 8,
  maxHops: 200,
  retryBaseMs: 2 * SECOND_MS,
  retryCapMs: 900 * SECOND_MS,
  recordRetentionDays: 30,
  expiredRecords: "delete",
  contentRetentionDays: undefined,
  httpConnectTimeoutMs: 10 * SECOND_MS,
  httpIdleTimeoutMs: 30 * SECOND_MS,

  recoverLimit: 200,
  sweepLimit: 500,
  orphanAgeMs: DAY_MS,

  codeDeployment: undefined,

  monitoring: {
    tells: undefined,
    runbookBaseUrl: RUNBOOKS,
    ledgerGrowthADay: 10_000,
    gateRollout: { bakeMs: 10 * MINUTE_MS, blindMs: BLIND_MS },
  },
};

const staging: Environment = {
  ...dev,
  enableIdempotency: "true",
  pointInTimeRecovery: true,
  logRetention: RetentionDays.ONE_MONTH,
  workerConcurrency: 20,
  expiredRecords: "archive",
  codeDeployment: "10 % for 5 minutes",
  monitoring: {
    tells: { page: NOBODY_YET, ticket: NOBODY_YET },
    runbookBaseUrl: RUNBOOKS,
    ledgerGrowthADay: 100_000,
    gateRollout: { bakeMs: HOUR_MS, blindMs: BLIND_MS },
  },
};

const prod: Environment = {
  ...staging,
  enableIdempotency: "true",
  protectData: true,
  logRetention: RetentionDays.THREE_MONTHS,
  workerConcurrency: 100,
  // Longer than the burn-rate alarms' short windows (5 minutes) plus the delay of metrics.
  codeDeployment: "10 % for 30 minutes",
  monitoring: {
    tells: { page: NOBODY_YET, ticket: NOBODY_YET },
    runbookBaseUrl: RUNBOOKS,
    // At most 30 GB of records in the table, and $5 of write units a day.
    ledgerGrowthADay: 1_000_000,
    gateRollout: { bakeMs: 6 * HOUR_MS, blindMs: BLIND_MS },
  },
};

/** The embedded AWS of the tests: the same stack, with times short enough to wait for the recovery from a crash. */
const local: Environment = {
  ...dev,
  enableIdempotency: "true",
  workerTimeoutMs: 300 * SECOND_MS,
  // Below `workerTimeoutMs`: this environment is never deployed, so Lambda's minimum does not apply.
  visibilityTimeoutMs: 10 * SECOND_MS,
  leaseTtlMs: 6 * SECOND_MS,
  requeueGraceMs: 4 * SECOND_MS,
  deadlineBufferMs: 5 * SECOND_MS,
  retryBaseMs: 0.2 * SECOND_MS,
  retryCapMs: 5 * SECOND_MS,
  httpIdleTimeoutMs: 10 * SECOND_MS,
  orphanAgeMs: 600 * SECOND_MS,

  // Not needed: a test looks for itself.
  monitoring: undefined,
};

export const ENVIRONMENTS = { dev, staging, prod, local };
export type EnvironmentName = keyof typeof ENVIRONMENTS;

/** Whether a reader of an alarm's text can open what starts with this `runbookBaseUrl`. */
export const isLink = (runbookBaseUrl: string): boolean => runbookBaseUrl.startsWith("https://");

/** Prefix of every name that must be unique in an account: stacks, alarms, dashboard. */
export const deploymentNameOf = (name: EnvironmentName): string => `fetchonce-${name}`;

const isEnvironmentName = (name: string): name is EnvironmentName => Object.hasOwn(ENVIRONMENTS, name);

/** @throws RangeError if there is no environment of that name. */
export function environmentNameOf(name: string): EnvironmentName {
  if (isEnvironmentName(name)) return name;
  const known = Object.keys(ENVIRONMENTS).join(", ");
  throw new RangeError(`There is no environment "${name}". Choose one of ${known}: cdk synth -c env=prod`);
}
