import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";

/** Emulators answer to paths, not to a host name for each bucket. */
const isEmulated = (environment: NodeJS.ProcessEnv): boolean =>
  environment["AWS_ENDPOINT_URL_S3"] !== undefined || environment["AWS_ENDPOINT_URL"] !== undefined;

/** A connection that is silent for longer is given up, and the SDK tries again. */
const QUICK = { connectionTimeout: 5_000, socketTimeout: 10_000 };
/** S3 may think for a while about a large copy before it says a word. */
const PATIENT = { connectionTimeout: 5_000, socketTimeout: 60_000 };

export const createS3 = (environment: NodeJS.ProcessEnv): S3Client =>
  new S3Client({ requestHandler: PATIENT, forcePathStyle: isEmulated(environment) });
export const createSqs = (): SQSClient => new SQSClient({ requestHandler: QUICK });
export const createDynamoDb = (): DynamoDBClient => new DynamoDBClient({ requestHandler: QUICK });
export const createCloudWatch = (): CloudWatchClient => new CloudWatchClient({ requestHandler: QUICK });
export const createEventBridge = (): EventBridgeClient => new EventBridgeClient({ requestHandler: QUICK });

/** What the pipeline needs. */
export const createClients = (environment: NodeJS.ProcessEnv) => ({
  dynamodb: createDynamoDb(),
  s3: createS3(environment),
  sqs: createSqs(),
});
