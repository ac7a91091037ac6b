import { userInfo } from "node:os";
import { createCloudWatch, createDynamoDb, createS3, createSqs } from "../../adapters/aws/clients.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { type FunctionLogs, functionLogs } from "../../adapters/aws/operators/function-logs.ts";
import { cloudWatchReport } from "../../adapters/aws/operators/insight-report.ts";
import { queueDepth } from "../../adapters/aws/operators/queue-depth.ts";
import { listedBatches, s3BatchFiles } from "../../adapters/aws/s3/batch-files.ts";
import { bytesOfContent, listedContent } from "../../adapters/aws/s3/listed-content.ts";
import { signedAddress } from "../../adapters/aws/s3/signed-address.ts";
import { scannedIndex } from "../../adapters/aws/operators/scanned-index.ts";
import { scannedJobs } from "../../adapters/aws/operators/scanned-jobs.ts";
import { watchCounts } from "../../adapters/aws/operators/watch-counts.ts";
import { sqsSender } from "../../adapters/aws/sqs.ts";
import { systemClock } from "../../adapters/node/clock.ts";
import { stackAddresses, stackFunctions } from "../shared/stack.ts";
import type { OperatorsDeps } from "./run.ts";

/** AWS, with the caller's own credentials. Loading this file loads the SDK. */
export function awsDeps(env: NodeJS.ProcessEnv): OperatorsDeps {
  // Of thousands of requests, which share its connections.
  const [s3, dynamodb] = [lazy(() => createS3(env)), lazy(createDynamoDb)];
  return {
    clock: systemClock,
    userName: () => userInfo().username,
    addressesOf: stackAddresses,
    tableOf: (table) => ({ clock: systemClock, items: dynamoItems(createDynamoDb(), table) }),
    batchesIn: (bucket) => ({
      files: s3BatchFiles(s3(), bucket),
      ids: async () => listedBatches(s3(), bucket),
    }),
    report: async (query) => cloudWatchReport(createCloudWatch())(query),
    pagesOf: (table, filter) => scannedJobs(createDynamoDb(), table, filter),
    depthOf: async (queueUrl) => queueDepth(createSqs(env), queueUrl),
    countsOf: async (table, nowMs) => watchCounts(createDynamoDb(), table, nowMs),
    connect: () => ({ dynamodb: createDynamoDb(), sqs: createSqs(env) }),
    senderTo: (queueUrl) => sqsSender(createSqs(env), queueUrl),
    functionsOf: stackFunctions,
    logs: lazyLogs(),
    sign: async (object) => signedAddress(env, object),
    indexPage: async (table, from) => scannedIndex(dynamodb(), table, from),
    contentPage: async (bucket, from) => listedContent(s3(), bucket, from),
    bytesOf: async (bucket, key) => bytesOfContent(s3(), bucket, key),
  };
}

function lazyLogs(): FunctionLogs {
  const logs = lazy(() => functionLogs());
  return { groupOf: async (name) => logs().groupOf(name), page: async (query) => logs().page(query) };
}

function lazy<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => (made ??= make());
}
