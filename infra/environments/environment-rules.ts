import { parseGate } from "../../core/gate/gate.ts";
import { MAX_RECEIVE_COUNT, MESSAGES_KEPT_DAYS, UPLOADS_KEPT_DAYS } from "./limits.ts";
import type { Environment } from "./environments.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3600 * 1000;
const LONGEST_INVOCATION_MS = 900_000;
const LONGEST_DELAY_MS = 900_000;
const MIB = 1024 * 1024;

type NumberName = {
  [Name in keyof Environment]: Environment[Name] extends number ? Name : never;
}[keyof Environment];

/** What a setting must be, from the others and from AWS's limits; a number is whole and lies in its range, ends included. */
interface Range {
  readonly least: number;
  readonly most?: number;
  readonly because: string;
}

const rangesOf = (environment: Environment): Readonly<Partial<Record<NumberName, Range>>> => ({
  workerTimeoutMs: { least: 1000, most: LONGEST_INVOCATION_MS, because: "Lambda stops an invocation after 15 minutes" },
  visibilityTimeoutMs: {
    least: environment.workerTimeoutMs,
    most: 12 * 3600 * 1000,
    because: "Lambda wants at least workerTimeoutMs, and SQS hides for 12 hours at most",
  },
  workerConcurrency: { least: 2, most: 1000, because: "an event source mapping takes no other" },
  recordConcurrency: { least: 1, most: 10, because: "a batch has ten records" },
  partSizeBytes: { least: 5 * MIB, most: 5 * 1024 * MIB, because: "S3 takes no other parts" },
  partBuffers: { least: 2, because: "a part is sent while the next one is read" },
  maxBodyBytes: {
    least: 1,
    most: 10_000 * environment.partSizeBytes,
    because: "an upload has 10,000 parts of partSizeBytes",
  },
  leaseTtlMs: { least: 3000, because: "it is renewed at a third of it" },
  deadlineBufferMs: {
    least: 1000,
    most: environment.workerTimeoutMs - 1000,
    because: "an invocation needs time to work and time to hand its files on",
  },
  maxAttempts: {
    least: 1,
    most: MAX_RECEIVE_COUNT - 1,
    because: "a job must fail with a reason before SQS gives its message up",
  },
  maxHops: {
    least: 0,
    most: Math.ceil((UPLOADS_KEPT_DAYS * DAY_MS) / environment.workerTimeoutMs) - 2,
    because: `an unfinished upload is kept for ${UPLOADS_KEPT_DAYS} days`,
  },
  retryBaseMs: { least: 1, most: environment.retryCapMs, because: "the waits grow from it to retryCapMs" },
  retryCapMs: { least: 1, most: LONGEST_DELAY_MS, because: "SQS delays a message by 15 minutes at most" },
  recordRetentionDays: {
    least: MESSAGES_KEPT_DAYS + 1,
    because: `a message may come back for ${MESSAGES_KEPT_DAYS} days, and a record must be there to answer it`,
  },
  recoverLimit: { least: 1, because: "the reconciler must get on" },
  sweepLimit: { least: 1, because: "the reconciler must get on" },
  orphanAgeMs: {
    least: environment.workerTimeoutMs + 1,
    because: "an invocation may still be writing what is younger",
  },
});

/**
 * @param isDeployed false for the laptop run, whose queue is not bound by Lambda's least visibility timeout.
 * @throws RangeError that says of every setting that is wrong what to write instead.
 */
export function refuseWrongSettings(name: string, environment: Environment, isDeployed: boolean): void {
  const ranges = Object.entries(rangesOf(environment)) as [NumberName, Range][];
  const problems = ranges
    .filter(([setting]) => isDeployed || setting !== "visibilityTimeoutMs")
    .flatMap(([setting, range]) => rangeProblem(setting, environment[setting], range));
  problems.push(...gateProblem(environment.enableIdempotency), ...contentProblem(environment));
  if (environment.codeDeployment && !environment.monitoring) {
    problems.push(
      "codeDeployment has a pace and monitoring is undefined. Write codeDeployment: undefined: nothing would stop it.",
    );
  }
  problems.push(...rolloutProblems(environment));
  if (problems.length > 0) {
    throw new RangeError(
      `infra/environments/environments.ts, ${name}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
    );
  }
}

function rangeProblem(setting: NumberName, value: number, { least, most = Infinity, because }: Range): string[] {
  if (Number.isInteger(value) && value >= least && value <= most) return [];
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  return [`${setting} is ${value}. Write a whole number ${range}: ${because}.`];
}

/** DynamoDB removes an item within days of its time. */
const REMOVED_WITHIN_DAYS = 7;

/** A record answers a duplicate without a look at the content: it must not outlive it. */
function contentProblem({ contentRetentionDays, expiredRecords, recordRetentionDays }: Environment): string[] {
  if (contentRetentionDays === undefined) return [];
  const setting = `contentRetentionDays is ${contentRetentionDays}`;
  if (expiredRecords === "keep") {
    return [
      `${setting} and expiredRecords is "keep". Write undefined: a record that stays would tell of content that is gone.`,
    ];
  }
  const least = recordRetentionDays + REMOVED_WITHIN_DAYS;
  if (Number.isInteger(contentRetentionDays) && contentRetentionDays >= least) return [];
  return [
    `${setting}. Write undefined or a whole number of at least ${least}: a record answers duplicates for recordRetentionDays, and DynamoDB removes it within ${REMOVED_WITHIN_DAYS} days.`,
  ];
}

/** The controller looks once a minute; in less than ten, an alarm has hardly seen the step. */
function rolloutProblems({ monitoring }: Environment): string[] {
  if (!monitoring) return [];
  return Object.entries(monitoring.gateRollout)
    .filter(([, ms]) => ms < 10 * MINUTE_MS || ms % MINUTE_MS !== 0)
    .map(
      ([name, ms]) => `monitoring.gateRollout.${name} is ${ms}. Write whole minutes, ten at least: ${10 * MINUTE_MS}.`,
    );
}

function gateProblem(gate: string): string[] {
  try {
    parseGate(gate);
    return [];
  } catch (error) {
    return [`enableIdempotency: ${error instanceof Error ? error.message : String(error)}`];
  }
}
