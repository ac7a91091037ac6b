import { userInfo } from "node:os";
import { createCloudWatch, createDynamoDb } from "../adapters/aws/clients.ts";
import { cloudWatchReport } from "../adapters/aws/insight-report.ts";
import { systemClock } from "../adapters/node/clock.ts";
import { dynamoItems } from "../adapters/aws/dynamodb.ts";
import { runHosts } from "./hosts/run.ts";
import { stackAddresses } from "./shared/stack.ts";

process.exitCode = await runHosts(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  addressesOf: stackAddresses,
  clock: systemClock,
  report: async (asked) => cloudWatchReport(createCloudWatch())(asked),
  userName: () => userInfo().username,
  tableOf: (table) => ({ clock: systemClock, items: dynamoItems(createDynamoDb(), table) }),
});
