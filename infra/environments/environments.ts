import { RetentionDays } from "aws-cdk-lib/aws-logs";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;

const PART_SIZE_BYTES = 8 * MIB;
/** S3 takes 10,000 parts an upload: with parts of 8 MiB no body can be longer than 78.1 GiB. */
const MAX_BODY_BYTES = 10_000 * PART_SIZE_BYTES;

/** Who is told about alarms of one severity. */
export interface Subscribers {
  readonly emails: readonly string[];
  /** PagerDuty's, Opsgenie's or anybody else's endpoint for SNS. */
  readonly httpsUrls: readonly string[];
  /** A channel of a Slack workspace that Amazon Q Developer in chat applications (formerly AWS Chatbot) is authorized for. */
  readonly slack?: { readonly workspaceId: string; readonly channelId: string };
}

export interface Monitoring {
  /** Undefined: alarms are there to look at, and tell nobody. */
  readonly tells: Readonly<Record<"page" | "ticket", Subscribers>> | undefined;
  /** What alarm texts put before `/<page>.md#<section>`: set it to where your people read docs/runbooks/. */
  readonly runbookBaseUrl: string;
  /** Job records that a day may add. A record is 1 KB at most, kept for `recordRetentionDays`; a job is 8 write units. */
  readonly ledgerGrowthADay: number;
  /** The rollout of the gate by steps of 5, 25, 50 and 100 %. */
  readonly gateRollout: {
    /** How long the alarms must have been OK before the next step. The slow ones that page look at six hours. */
    readonly bakeMs: number;
    /** How long a rollout stays where it is when the alarms cannot be read; then it goes back. */
    readonly blindMs: number;
  };
}

/** How much of the work new code gets at first, and for how long; the rest follows at once. */
export type CodeDeploymentPace = "10 % for 5 minutes" | "10 % for 15 minutes" | "10 % for 30 minutes";

/** What becomes of a finished job's record when its `recordRetentionDays` are over. */
export type ExpiredRecords = "delete" | "archive" | "keep";

/** What differs, or may differ, between two deployments of the same stack. */
export interface Environment {
  /**
   * The gate, `DOCSTOKG_ENABLE_IDEMPOTENCY`: "true", "false", or the percentage of jobs that take the
   * guarded path: at most, for the gate document in the table may let in fewer.
   */
  readonly enableIdempotency: string;
  /** Keeps table and buckets when the stack goes, and refuses to delete table and stack. */
  readonly protectData: boolean;
  readonly pointInTimeRecovery: boolean;
  readonly logRetention: RetentionDays;

  readonly workerTimeoutMs: number;
  /** How long a message whose worker died before taking a lease stays hidden. Lambda wants at least its own timeout. */
  readonly visibilityTimeoutMs: number;
  /** Worker invocations at a time, 2 to 1000. */
  readonly workerConcurrency: number;
  /** Records of one batch at a time. All ten: what a dead worker had not leased yet, only the queue brings back. */
  readonly recordConcurrency: number;
  readonly partSizeBytes: number;
  readonly partBuffers: number;
  readonly maxBodyBytes: number;
  /** Comma-separated media types; empty allows all. */
  readonly allowedContentTypes: string;
  readonly allowPrivateHosts: boolean;

  readonly leaseTtlMs: number;
  readonly requeueGraceMs: number;
  readonly deadlineBufferMs: number;
  readonly maxAttempts: number;
  /** Invocations one file may be carried over. All of them together stay shorter than an upload is kept. */
  readonly maxHops: number;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  readonly recordRetentionDays: number;
  /** `archive`: removed from the table, into objects of JSON lines. `keep`: the table only grows. */
  readonly expiredRecords: ExpiredRecords;
  /** How long content is kept, from when its bytes were first stored. Undefined: for ever. */
  readonly contentRetentionDays: number | undefined;
  readonly httpConnectTimeoutMs: number;
  readonly httpIdleTimeoutMs: number;

  /** Jobs one run of the reconciler recovers, and litter it looks at, at most: what fits well into its timeout. */
  readonly recoverLimit: number;
  readonly sweepLimit: number;
  readonly orphanAgeMs: number;

  /** Undefined: new code gets everything at once. A pace needs `monitoring`, whose pages take the new code back. */
  readonly codeDeployment: CodeDeploymentPace | undefined;

  /** Alarms, dashboard and saved queries. Undefined: none at all. */
  readonly monitoring: Monitoring | undefined;
}

const BLIND_MS = 15 * MINUTE_MS;
const RUNBOOKS = "docs/runbooks";
/** Put the real ones here: an address that nobody confirms is one more thing that looks as if it worked. */
const NOBODY_YET: Subscribers = { emails: [], httpsUrls: [] };

const dev: Environment = {
  enableIdempotency: "true",
  protectData: false,
  pointInTimeRecovery: false,
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
  // Longer than the short windows of the burn alarms, 5 minutes, and the time that metrics take to arrive.
  codeDeployment: "10 % for 30 minutes",
  monitoring: {
    tells: { page: NOBODY_YET, ticket: NOBODY_YET },
    runbookBaseUrl: RUNBOOKS,
    // At most 30 GB of records, and $5 of write units a day.
    ledgerGrowthADay: 1_000_000,
    gateRollout: { bakeMs: 6 * HOUR_MS, blindMs: BLIND_MS },
  },
};

/** The laptop run: the same stack, with times short enough to watch a crash heal. */
const local: Environment = {
  ...dev,
  enableIdempotency: "true",
  workerTimeoutMs: 300 * SECOND_MS,
  // Never deployed, so Lambda's least does not bind it.
  visibilityTimeoutMs: 10 * SECOND_MS,
  leaseTtlMs: 6 * SECOND_MS,
  requeueGraceMs: 4 * SECOND_MS,
  deadlineBufferMs: 5 * SECOND_MS,
  retryBaseMs: 0.2 * SECOND_MS,
  retryCapMs: 5 * SECOND_MS,
  httpIdleTimeoutMs: 10 * SECOND_MS,
  orphanAgeMs: 600 * SECOND_MS,

  // The run ends with its report instead.
  monitoring: undefined,
};

export const ENVIRONMENTS = { dev, staging, prod, local };
export type EnvironmentName = keyof typeof ENVIRONMENTS;

/** Begins the name of everything that an account has one of: stacks, alarms, dashboard. */
export const deploymentNameOf = (name: EnvironmentName): string => `fetchonce-${name}`;

const isEnvironmentName = (name: string): name is EnvironmentName => Object.hasOwn(ENVIRONMENTS, name);

/** @throws RangeError when there is no environment of that name. */
export function environmentNameOf(name: string): EnvironmentName {
  if (isEnvironmentName(name)) return name;
  const known = Object.keys(ENVIRONMENTS).join(", ");
  throw new RangeError(`There is no environment "${name}". Choose one of ${known}: cdk synth -c env=prod`);
}
