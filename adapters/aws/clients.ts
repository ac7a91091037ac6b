import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createDynamoDb } from "./dynamodb-client.ts";
import { createS3 } from "./s3/client.ts";
import { createSqs } from "./sqs-client.ts";
import { QUICK, SIGNING, tuned } from "./tuned.ts";

export { createDynamoDb } from "./dynamodb-client.ts";
export { createS3 } from "./s3/client.ts";
export { createSqs } from "./sqs-client.ts";

export const createCloudWatch = (): CloudWatchClient =>
  tuned(new CloudWatchClient({ ...SIGNING, requestHandler: QUICK }));
export const createEventBridge = (): EventBridgeClient =>
  tuned(new EventBridgeClient({ ...SIGNING, requestHandler: QUICK }));

/** The clients that the pipeline needs. */
export const createClients = (environment: NodeJS.ProcessEnv) => ({
  dynamodb: createDynamoDb(),
  s3: createS3(environment),
  sqs: createSqs(environment),
});
