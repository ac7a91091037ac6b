/** What the SDK's clients have in common. It loads none of them: each is as large as many a command. */
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { getSchemaSerdePlugin } from "@smithy/core/schema";
import { SignatureV4 } from "@smithy/signature-v4";
import { RequestHash } from "./request-hash.ts";

export const isEmulated = (environment: NodeJS.ProcessEnv, service: "S3" | "SQS"): boolean =>
  environment[`AWS_ENDPOINT_URL_${service}`] !== undefined || environment["AWS_ENDPOINT_URL"] !== undefined;

/** Milliseconds. A connection that is silent for longer is given up, and the SDK tries again. */
export const QUICK = { connectionTimeout: 5_000, socketTimeout: 10_000 };
/** Milliseconds. S3 may be silent for a while before it answers a large copy. */
export const PATIENT = { connectionTimeout: 5_000, socketTimeout: 60_000 };

/**
 * What the SDK does for each request and nobody here needs: it writes down the input and the output for a log, and puts
 * the header User-Agent together.
 */
const NEEDLESS = ["loggerMiddleware", "getUserAgentMiddleware"];

type Tunable = DynamoDBClient | S3Client | SQSClient | CloudWatchClient | EventBridgeClient;

/** @throws Error if the SDK no longer does what is taken out. */
export function tuned<Client extends Tunable>(client: Client): Client {
  const missing = NEEDLESS.filter((name) => !client.middlewareStack.remove(name));
  if (missing.length > 0) throw new Error(`The SDK's client has no ${missing.join(" and no ")}.`);
  const { credentials, region, sha256, signingEscapePath, defaultSigningName } = client.config;
  // The SDK would make one for each request. Region and service are those of the request all the same.
  const signer = new SignatureV4({
    credentials,
    region,
    service: defaultSigningName,
    sha256,
    uriEscapePath: signingEscapePath,
  });
  client.config.signer = async () => signer;
  // The SDK copies its configuration three times a request. Of an object that grew property by property, V8 makes a
  // copy in 7 to 11 µs; of a copy, in 0.1.
  Object.assign(client, { config: { ...client.config } });
  client.middlewareStack.use(getSchemaSerdePlugin(client.config));
  return client;
}

export const SIGNING = { sha256: RequestHash };
