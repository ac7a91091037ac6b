import { userInfo } from "node:os";
import { createCloudWatch, createDynamoDb, createSqs } from "../../adapters/aws/clients.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { cloudWatchReport } from "../../adapters/aws/insight-report.ts";
import { queueDepth } from "../../adapters/aws/queue-depth.ts";
import { scannedJobs } from "../../adapters/aws/scanned-jobs.ts";
import { watchCounts } from "../../adapters/aws/watch-counts.ts";
import { systemClock } from "../../adapters/node/clock.ts";
import { stackAddresses } from "../shared/stack.ts";
import type { OperatorsDeps } from "./run.ts";

/** AWS, with the caller's own credentials. Loading this file loads the SDK. */
export const awsDeps = (env: NodeJS.ProcessEnv): OperatorsDeps => ({
  clock: systemClock,
  userName: () => userInfo().username,
  addressesOf: stackAddresses,
  tableOf: (table) => ({ clock: systemClock, items: dynamoItems(createDynamoDb(), table) }),
  report: async (query) => cloudWatchReport(createCloudWatch())(query),
  pagesOf: (table, filter) => scannedJobs(createDynamoDb(), table, filter),
  depthOf: async (queueUrl) => queueDepth(createSqs(env), queueUrl),
  countsOf: async (table, nowMs) => watchCounts(createDynamoDb(), table, nowMs),
  connect: () => ({ dynamodb: createDynamoDb(), sqs: createSqs(env) }),
});
