import { userInfo } from "node:os";
import { createCloudWatch, createDynamoDb, createSqs } from "../../adapters/aws/clients.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { cloudWatchReport } from "../../adapters/aws/insight-report.ts";
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
  connect: () => ({ dynamodb: createDynamoDb(), sqs: createSqs(env) }),
});
