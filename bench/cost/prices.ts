/** AWS prices in us-east-1, without free tier, discounts and taxes. Each price names its source and that one's date. */

const DATA_TRANSFER_HUB = "the cost page of Data Transfer Hub, 2023-04";
/** Known, but not found in a dated source. Check the AWS page before you rely on it. */
export const REMEMBERED = "remembered";

const MILLION = 1_000_000;

export interface Price {
  readonly what: string;
  readonly usd: number;
  /** The number of units that cost `usd`. */
  readonly per: number;
  readonly unit: string;
  /** The AWS page with the authoritative price. */
  readonly page: string;
  readonly readIn: string;
}

const DYNAMODB = "aws.amazon.com/dynamodb/pricing/on-demand";
const S3 = "aws.amazon.com/s3/pricing";
const SQS = "aws.amazon.com/sqs/pricing";
const LAMBDA = "aws.amazon.com/lambda/pricing";
const EVENT_BRIDGE = "aws.amazon.com/eventbridge/pricing";
const CLOUDWATCH = "aws.amazon.com/cloudwatch/pricing";
const EC2 = "aws.amazon.com/ec2/pricing/on-demand";
const KMS = "aws.amazon.com/kms/pricing";

/** The date on which the list was compiled. */
export const PRICES_AS_OF = "2026-11-28";

type Row = readonly [what: string, usd: number, per: number, unit: string, page: string, readIn: string];

const ROWS = {
  writeUnits: ["DynamoDB, writes on demand", 0.625, MILLION, "write units", DYNAMODB, "airbyte.com, 2025-07"],
  readUnits: ["DynamoDB, reads on demand", 0.125, MILLION, "read units", DYNAMODB, "airbyte.com, 2025-07"],
  tableGbMonths: ["DynamoDB, storage", 0.25, 1, "GB-month", DYNAMODB, "a stored copy of the page, undated"],
  recoveryGbMonths: ["DynamoDB, point-in-time recovery", 0.2, 1, "GB-month", DYNAMODB, "a price list, 2020-03"],
  s3Puts: ["S3, PUT, COPY, POST and LIST", 5, MILLION, "requests", S3, DATA_TRANSFER_HUB],
  s3Gets: ["S3, GET and all others", 0.4, MILLION, "requests", S3, DATA_TRANSFER_HUB],
  s3GbMonths: ["S3 Standard, storage", 0.023, 1, "GB-month", S3, "a price list, 2022-07"],
  sqsRequests: ["SQS, standard queue, each 64 KB", 0.4, MILLION, "requests", SQS, DATA_TRANSFER_HUB],
  lambdaRequests: ["Lambda, requests", 0.2, MILLION, "requests", LAMBDA, "thebiggish.pages.dev, 2025"],
  lambdaGbSeconds: ["Lambda on Arm, duration", 13.3334, MILLION, "GB-seconds", LAMBDA, "cloudchipr.com, 2024"],
  pollerHours: ["Lambda, provisioned poller of an SQS queue", 0.00925, 1, "poller-hour", LAMBDA, REMEMBERED],
  events: ["EventBridge, custom events, each 64 KB", 1, MILLION, "events", EVENT_BRIDGE, "cloudburn.io, 2026-03"],
  logGb: ["CloudWatch Logs, ingestion, STANDARD", 0.5, 1, "GB", CLOUDWATCH, "factualminds.com, 2026-06"],
  logGbMonths: ["CloudWatch Logs, storage", 0.03, 1, "GB-month", CLOUDWATCH, "c3x.dev, 2026-06"],
  transferOutGb: ["Data transfer out to the internet", 0.09, 1, "GB", EC2, DATA_TRANSFER_HUB],
  metrics: ["CloudWatch, custom metrics", 0.3, 1, "metric-month", CLOUDWATCH, "signoz.io, 2026-02"],
  alarmMetrics: ["CloudWatch, metrics an alarm looks at", 0.1, 1, "metric-month", CLOUDWATCH, "c3x.dev, undated"],
  compositeAlarms: ["CloudWatch, composite alarms", 0.5, 1, "alarm-month", CLOUDWATCH, "c3x.dev, undated"],
  dashboards: ["CloudWatch, dashboards", 3, 1, "dashboard-month", CLOUDWATCH, "factualminds.com, 2026-06"],
  insightRules: ["CloudWatch, Contributor Insights rules", 0.5, 1, "rule-month", CLOUDWATCH, REMEMBERED],
  insightLines: [
    "CloudWatch, lines a Contributor Insights rule matches",
    0.02,
    MILLION,
    "lines",
    CLOUDWATCH,
    REMEMBERED,
  ],
  keys: ["KMS, customer keys", 1, 1, "key-month", KMS, "cloudburn.io, 2026-03"],
  ec2Hours: ["EC2, t4g.micro", 0.0084, 1, "hour", EC2, DATA_TRANSFER_HUB],
} as const satisfies Readonly<Record<string, Row>>;

export type Meter = keyof typeof ROWS;

const priceOf = ([what, usd, per, unit, page, readIn]: Row): Price => ({ what, usd, per, unit, page, readIn });

export const PRICES = Object.fromEntries(
  Object.entries(ROWS).map(([meter, row]) => [meter, priceOf(row)]),
) as unknown as Readonly<Record<Meter, Price>>;
