/** Other solutions, at the same prices. */
import { sumOf, type Bill } from "./bill.ts";
import { gbSeconds, invocationMs } from "./duration.ts";
import { logBill } from "./models.ts";

/**
 * Data Transfer Hub's published estimate (plan-deployment/cost.md in its English documentation, example 2, April
 * 2023): 1 TB of files of 10 KB between two S3 buckets. Its quantities for each file are kept, except data out and
 * "others".
 * DynamoDB is at today's price.
 */
const HUB_FILES = 107_400_000;
const HUB_EC2_HOURS = 3000;
export const dataTransferHub: Bill = {
  ec2Hours: HUB_EC2_HOURS / HUB_FILES,
  s3Gets: 2,
  s3Puts: 1,
  writeUnits: 2,
  sqsRequests: 2,
};
export const HUB_PUBLISHED_USD = 8.08;

/**
 * The Lambda function of a typical tutorial: one message for each invocation, GET, PutObject, and a record that is put
 * before and updated after. The quoted 8.5 dollars were published without a breakdown, so this one is ours.
 */
const NAIVE_MEMORY_MB = 512;
/** From bench/results/throughput.json: the bare loop (GET, SHA-256 and PutObject) for a small file. */
const NAIVE_CPU_MS = 0.8;
export const NAIVE_QUOTED_USD = 8.5;

export function naiveLambda(bytes: number): Bill {
  const work = { files: 1, bytes, copiedBytes: 0, cpuMs: NAIVE_CPU_MS };
  const ms = invocationMs({ ...work, originRequests: 1, dynamodbRequests: 2, s3Requests: 1 }, NAIVE_MEMORY_MB);
  return sumOf(
    { s3Puts: 1, writeUnits: 2, sqsRequests: 3, lambdaRequests: 1 },
    { lambdaGbSeconds: gbSeconds(ms, NAIVE_MEMORY_MB) },
    logBill(0, 0, 1),
  );
}
