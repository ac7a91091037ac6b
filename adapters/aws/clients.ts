import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { getSchemaSerdePlugin } from "@smithy/core/schema";
import type { HttpRequest } from "@smithy/core/transport";
import { SignatureV4 } from "@smithy/signature-v4";
import { RequestHash } from "./request-hash.ts";

const isEmulated = (environment: NodeJS.ProcessEnv, service: "S3" | "SQS"): boolean =>
  environment[`AWS_ENDPOINT_URL_${service}`] !== undefined || environment["AWS_ENDPOINT_URL"] !== undefined;

/** Milliseconds. A connection that is silent for longer is given up, and the SDK tries again. */
const QUICK = { connectionTimeout: 5_000, socketTimeout: 10_000 };
/** Milliseconds. S3 may be silent for a while before it answers a large copy. */
const PATIENT = { connectionTimeout: 5_000, socketTimeout: 60_000 };

/**
 * What the SDK does for each request and nobody here needs: it writes down the input and the output for a log, and puts
 * the header User-Agent together.
 */
const NEEDLESS = ["loggerMiddleware", "getUserAgentMiddleware"];

type Tunable = DynamoDBClient | S3Client | SQSClient | CloudWatchClient | EventBridgeClient;

/** @throws Error if the SDK no longer does what is taken out. */
function tuned<Client extends Tunable>(client: Client): Client {
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

const SIGNING = { sha256: RequestHash };

/**
 * A body whose CRC-32 S3 compares before it takes it needs no SHA-256 in the signature as well: 1 CPU-s a GiB. TLS
 * protects it on its way, and the SHA-256 of content is computed as it arrives.
 */
function withoutSecondHash(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as HttpRequest;
      if (headers["x-amz-checksum-crc32"] !== undefined) headers["x-amz-content-sha256"] ??= "UNSIGNED-PAYLOAD";
      return next(args);
    },
    { name: "unsignedPayload", step: "build", priority: "low", override: true },
  );
  return client;
}

export const createS3 = (environment: NodeJS.ProcessEnv): S3Client =>
  withoutSecondHash(
    // Emulators expect the bucket in the path, not in the host name.
    tuned(new S3Client({ ...SIGNING, requestHandler: PATIENT, forcePathStyle: isEmulated(environment, "S3") })),
  );
/**
 * The SDK sends each request to the host of the queue's URL, even if an endpoint is set. An emulator's queues may have
 * AWS's URLs: those requests would go to AWS.
 */
export const createSqs = (environment: NodeJS.ProcessEnv): SQSClient =>
  tuned(
    new SQSClient({
      ...SIGNING,
      requestHandler: QUICK,
      ...(isEmulated(environment, "SQS") && { useQueueUrlAsEndpoint: false }),
    }),
  );
export const createDynamoDb = (): DynamoDBClient => tuned(new DynamoDBClient({ ...SIGNING, requestHandler: QUICK }));
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
