import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";

/** Emulators answer to paths, not to a host name for each bucket. */
const isEmulated = (environment: NodeJS.ProcessEnv): boolean =>
  environment["AWS_ENDPOINT_URL_S3"] !== undefined || environment["AWS_ENDPOINT_URL"] !== undefined;

/** A socket that is silent for this long is given up: shorter than any deadline buffer. */
const requestHandler = { requestTimeout: 20_000, connectionTimeout: 5_000 };

export const createClients = (environment: NodeJS.ProcessEnv) => ({
  dynamodb: new DynamoDBClient({ requestHandler }),
  s3: new S3Client({ requestHandler, forcePathStyle: isEmulated(environment) }),
  sqs: new SQSClient({ requestHandler }),
});
