/** AWS's limits as data. Each says where it is from, and how far it can be trusted. */

/** "documented": in AWS's documents. "said by AWS": in an answer or a blog of AWS's. "assumed": nobody says. */
type Certainty = "documented" | "said by AWS" | "assumed";

export interface Quota {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly canBeRaised: boolean;
  readonly source: string;
  readonly certainty: Certainty;
}

const SQS_SCALING = "Lambda developer guide, services-sqs-scaling";
const DYNAMODB_QUOTAS = "DynamoDB developer guide, ServiceQuotas";
const WARM_THROUGHPUT = "DynamoDB developer guide, warm-throughput";
const ON_DEMAND = "DynamoDB developer guide, on-demand-capacity-mode";
const EVENTBRIDGE_QUOTAS = "EventBridge user guide, eb-quota";
const S3_PREFIXES = "AWS knowledge center, s3-object-key-naming-pattern";

type Row = readonly [what: string, value: number, unit: string, raised: "yes" | "no", source: string, Certainty];

const ROWS = {
  accountConcurrency: [
    "Lambda: environments of an account in a region (10 in a new account)",
    1000,
    "",
    "yes",
    "Lambda developer guide, gettingstarted-limits",
    "documented",
  ],
  mappingConcurrency: ["SQS mapping: maximum concurrency", 1000, "invocations", "no", SQS_SCALING, "documented"],
  mappingStart: ["SQS mapping: invocations at the start", 5, "invocations", "no", SQS_SCALING, "documented"],
  mappingMoreAMinute: [
    "SQS mapping: more of them, while messages are waiting",
    300,
    "a minute",
    "no",
    SQS_SCALING,
    "documented",
  ],
  pollerInvocations: [
    "Provisioned poller: invocations at the same time",
    10,
    "invocations",
    "no",
    "Lambda developer guide, services-sqs-parameters",
    "documented",
  ],
  pollersAtStart: [
    "Provisioned pollers: the most that can be kept ready",
    200,
    "pollers",
    "no",
    "Lambda developer guide, services-sqs-parameters",
    "documented",
  ],
  pollersMost: [
    "Provisioned pollers: the most of a mapping (a newer page says 10,000)",
    2000,
    "pollers",
    "no",
    "Lambda developer guide, services-sqs-parameters",
    "documented",
  ],
  pollersMoreAMinute: [
    "Provisioned pollers: more invocations, while messages are waiting",
    1000,
    "a minute",
    "no",
    "AWS news blog, provisioned mode for SQS, 2025-11",
    "said by AWS",
  ],
  inFlight: [
    "SQS: messages of a queue that are received and not deleted, hidden ones included",
    120_000,
    "messages",
    "no",
    "SQS developer guide, quotas-messages",
    "documented",
  ],
  tableStart: ["DynamoDB: a new table or index on demand", 4000, "write units/s", "yes", WARM_THROUGHPUT, "documented"],
  tableGrowsMinutes: ["DynamoDB: it doubles its peak within", 30, "minutes", "no", ON_DEMAND, "documented"],
  tableMost: [
    "DynamoDB: a table, and each of its indexes for itself",
    40_000,
    "write units/s",
    "yes",
    DYNAMODB_QUOTAS,
    "documented",
  ],
  partition: [
    "DynamoDB: one partition, so one shard of the index",
    1000,
    "write units/s",
    "no",
    ON_DEMAND,
    "documented",
  ],
  s3Partition: [
    "S3: PUT, COPY, POST and DELETE of one partition",
    3500,
    "requests/s",
    "no",
    "S3 user guide, optimizing-performance",
    "documented",
  ],
  s3GrowsMinutes: ["S3: a busy partition is split within (30 to 60)", 60, "minutes", "yes", S3_PREFIXES, "said by AWS"],
  announcements: [
    "EventBridge: invocations of targets, us-east-1",
    18_750,
    "a second",
    "yes",
    EVENTBRIDGE_QUOTAS,
    "documented",
  ],
  announcementsElsewhere: [
    "EventBridge: invocations of targets, most regions",
    1100,
    "a second",
    "yes",
    EVENTBRIDGE_QUOTAS,
    "documented",
  ],
} as const satisfies Readonly<Record<string, Row>>;

export type QuotaName = keyof typeof ROWS;

const quotaOf = ([what, value, unit, raised, source, certainty]: Row): Quota => ({
  what,
  value,
  unit,
  canBeRaised: raised === "yes",
  source,
  certainty,
});

export const QUOTAS = Object.fromEntries(
  Object.entries(ROWS).map(([name, row]) => [name, quotaOf(row)]),
) as unknown as Readonly<Record<QuotaName, Quota>>;

export const quota = (name: QuotaName): number => QUOTAS[name].value;
