import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";

/** Emulators expect the bucket in the path, not in the host name. */
const isEmulated = (environment: NodeJS.ProcessEnv): boolean =>
  environment["AWS_ENDPOINT_URL_S3"] !== undefined || environment["AWS_ENDPOINT_URL"] !== undefined;

/** Milliseconds. A connection that is silent for longer is given up, and the SDK tries again. */
const QUICK = { connectionTimeout: 5_000, socketTimeout: 10_000 };
/** Milliseconds. S3 may be silent for a while before it answers a large copy. */
const PATIENT = { connectionTimeout: 5_000, socketTimeout: 60_000 };

export const createS3 = (environment: NodeJS.ProcessEnv): S3Client =>
  new S3Client({ requestHandler: PATIENT, forcePathStyle: isEmulated(environment) });
export const createSqs = (): SQSClient => new SQSClient({ requestHandler: QUICK });
export const createDynamoDb = (): DynamoDBClient => new DynamoDBClient({ requestHandler: QUICK });
export const createCloudWatch = (): CloudWatchClient => new CloudWatchClient({ requestHandler: QUICK });
export const createEventBridge = (): EventBridgeClient => new EventBridgeClient({ requestHandler: QUICK });

/** The clients that the pipeline needs. */
export const createClients = (environment: NodeJS.ProcessEnv) => ({
  dynamodb: createDynamoDb(),
  s3: createS3(environment),
  sqs: createSqs(),
});
