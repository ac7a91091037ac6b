/** AWS's default quotas, with docs/deploying.md, which has their sources. */
import type { Environment } from "../../infra/environments/environment.ts";
import { mostWorkers } from "../../infra/environments/limits.ts";

const OTHER_REGIONS = 1_100;
/** EventBridge's invocations of targets a second, where a region differs from `OTHER_REGIONS`. */
const INVOCATIONS_A_SECOND: Readonly<Record<string, number>> = {
  "us-east-1": 18_750,
  "us-west-2": 18_750,
  "eu-west-1": 18_750,
  "us-east-2": 4_500,
  "eu-central-1": 4_500,
  "us-west-1": 2_250,
  "eu-west-2": 2_250,
  "ap-northeast-1": 2_250,
  "ap-southeast-1": 2_250,
  "ap-southeast-2": 2_250,
  "af-south-1": 750,
  "ap-northeast-3": 750,
  "ap-southeast-3": 750,
  "eu-south-1": 750,
};
export const invocationsIn = (region: string): number => INVOCATIONS_A_SECOND[region] ?? OTHER_REGIONS;

/** Write units of a job of one part, those of the index included. */
const UNITS_OF_A_JOB = 8;
/** Jobs a second that a new table takes: 4,000 write units. */
export const JOBS_OF_A_NEW_TABLE = 4_000 / UNITS_OF_A_JOB;
/** Write units a second of one table, in every region. */
export const UNITS_OF_A_TABLE = 40_000;
export const unitsOf = (jobsASecond: number): number => jobsASecond * UNITS_OF_A_JOB;

/** A new table has a shard for each 1,000 write units a second, and Lambda starts one reader of each shard. */
const SHARDS = 4;

/** The reconciler and the follower of batches, of which two runs may overlap. */
const SCHEDULED = 2 * 2;

/** Executions that a new deployment may use at the same time. */
export const concurrencyOf = (environment: Environment): number =>
  mostWorkers(environment) +
  environment.urgentWorkerConcurrency +
  environment.longWorkerConcurrency +
  SCHEDULED +
  (environment.monitoring ? 2 : 0) +
  SHARDS * (environment.expiredRecords === "archive" ? 2 : 1);
